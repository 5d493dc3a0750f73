// Where a journal lies whose path is a symbolic link.
#pragma once

#include <string>

namespace postern {

/// The file that `path` leads to, also one that is not there yet; `path` itself where it is no
/// link, or one that names something without a path of its own (a pipe behind /dev/stdout). Closed
/// segments, kept policies and indexes lie beside that file: renaming the link instead would leave
/// the records behind, in a file that nobody looks after.
std::string behind_links(const std::string& path);

}  // namespace postern
