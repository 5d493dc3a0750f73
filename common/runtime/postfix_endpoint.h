// Whether a server that Postfix's configuration names is a socket of ours.
#pragma once

#include "rules/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern {

/// From where Postfix looks: paths below its queue directory, or those of the whole machine.
struct PostfixView {
  std::string queue_directory;
  bool chrooted = false;
};

enum class Leads : std::uint8_t {
  elsewhere,
  to_us,
  past_chroot,  ///< to our socket, which is not to be found from inside the chroot by this name
};

/// `endpoint`: "unix:path", relative to the queue directory or absolute, or "inet:host:port".
/// Spellings of one path or of the loopback are the same; names of other hosts are not looked up,
/// and any of them may be this machine when `ours` listens on all its addresses.
Leads leads_to(std::string_view endpoint, const ListenAddress& ours, const PostfixView& view);

}  // namespace postern
