// PageFolder: the folder of a web server that help pages are written into. Everything in it is
// reached through its descriptor and no link is followed, because the folder may belong to somebody
// else than us.
#pragma once

#include "postern/result.h"
#include "reply/pages.h"
#include "system/unique_fd.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace postern::cli {

class PageFolder {
 public:
  /// Makes the folder where there is none; the one above it must be there. A link is refused.
  static Result<PageFolder> open(const std::string& path);

  /// Names of what is in it and no help page of this or another version, sorted. A page without our
  /// mark is somebody else's.
  Result<std::vector<std::string>> strangers() const;

  struct Written {
    std::size_t pages = 0;    ///< written anew
    std::size_t as_were = 0;  ///< had this text and were left alone
  };
  /// Each file appears whole or stays what it was; a reader never finds a half. Files get mode 0644
  /// and folders 0755, whatever the umask. Stops at the first that cannot be written.
  Result<Written> write(const std::vector<HelpPage>& pages) const;

 private:
  PageFolder(std::string path, UniqueFd folder)
      : path_(std::move(path)), folder_(std::move(folder)) {}

  std::string path_;
  UniqueFd folder_;
};

}  // namespace postern::cli
