// AskedText: what a person may mean by a text that is to be explained. Pure.
#pragma once

#include "journal/find.h"
#include "journal/search.h"
#include "postern/address.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

struct AskedText {
  std::string text;  ///< without what a line of a log has around it
  JournalQuery query = ByQueueId{};
  std::optional<Network> client;         ///< it is an address or network of clients
  std::optional<AddressFilter> address;  ///< it is a mail address
};

/// A reference anywhere in it, a client's address ("[192.0.2.7]" too), a mail address ("<a@b>") or
/// domain, a Postfix instance, or a queue id, with the colon that stands behind it in a mail log or
/// not.
AskedText asked_by(std::string_view text);

/// Searches that answer it within `filter`, one of which a record has to fit; none if it is to be
/// looked up by its query.
std::vector<RecordFilter> filters_for(const AskedText& asked, const RecordFilter& filter);

}  // namespace postern::cli
