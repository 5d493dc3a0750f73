// TempDir: a directory of its own for one test, removed afterwards with all that is in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>

namespace postern::testing {

class TempDir {
 public:
  TempDir() {
    // Short, because the path of a unix socket has at most 107 octets.
    std::string name = "/tmp/postern-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    const auto file = *this / name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  /// The same for a file that somebody may be reading: whole, in one step.
  std::string replace(const std::string& name, const std::string& text) const {
    const auto file = *this / name;
    std::filesystem::rename(write(name + ".new", text), file);
    return file;
  }

 private:
  std::string path_;
};

}  // namespace postern::testing
