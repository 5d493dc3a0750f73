#include "journal/unfinished_file.h"

#include "journal/segment.h"
#include "system/write_all.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace postern {
namespace {

// As the active segment's.
constexpr mode_t segment_mode = 0640;

Problem failed(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + ' ' + path + ": " +
                       std::generic_category().message(errno));
}

}  // namespace

UnfinishedFile::~UnfinishedFile() {
  if (file_) ::unlink(unfinished(path_).c_str());
}

Problems UnfinishedFile::write(std::string_view octets) {
  if (!file_) {
    file_.reset(
        ::open(unfinished(path_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, segment_mode));
    if (!file_) return {failed("make", unfinished(path_))};
  }
  if (!write_all(file_.get(), octets)) return {failed("write", unfinished(path_))};
  return {};
}

Problems UnfinishedFile::settle(const struct stat& of) {
  if (auto problems = write({}); !problems.empty()) return problems;
  // Made by root, it would be root's, and the server could not read it.
  if (::geteuid() == 0 && ::fchown(file_.get(), of.st_uid, of.st_gid) != 0) {
    return {failed("give its owner to", unfinished(path_))};
  }
  const std::array<timespec, 2> times{of.st_atim, of.st_mtim};
  ::futimens(file_.get(), times.data());
  if (::fsync(file_.get()) != 0) return {failed("write", unfinished(path_))};
  return {};
}

Problems UnfinishedFile::take_its_name() {
  if (::rename(unfinished(path_).c_str(), path_.c_str()) != 0) return {failed("make", path_)};
  file_.reset();
  return {};
}

}  // namespace postern
