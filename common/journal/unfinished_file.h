// UnfinishedFile: what is to take the place of a file of the journal, under another name until it
// is whole and on the disk; removed unless it gets that far. One thread at a time.
#pragma once

#include "postern/result.h"
#include "system/unique_fd.h"

#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>

namespace postern {

class UnfinishedFile {
 public:
  explicit UnfinishedFile(std::string path) : path_(std::move(path)) {}
  ~UnfinishedFile();
  UnfinishedFile(const UnfinishedFile&) = delete;
  UnfinishedFile& operator=(const UnfinishedFile&) = delete;

  Problems write(std::string_view octets);
  /// To the disk, with the time and, where that may be given, the owner of the file that it is made
  /// from.
  Problems settle(const struct stat& of);
  /// In place of whatever had it.
  Problems take_its_name();

 private:
  std::string path_;
  UniqueFd file_;
};

}  // namespace postern
