// erase_address(): takes an address out of all files of a journal, also while a server writes it.
#pragma once

#include "journal/address_eraser.h"
#include "postern/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace postern {

enum class EraseMode : std::uint8_t {
  count,  ///< only says what would change
  erase,
};

struct EraseSteps {
  /// Makes the server that writes the journal open its file anew; it has just been renamed.
  std::function<Problems()> reopen;
  /// Called while another process is at work on the segments, and between files; false gives up.
  std::function<bool()> go_on;
};

struct Erasure {
  struct File {
    std::string path;
    std::uint64_t lines = 0;  ///< that held it
  };
  std::vector<File> files;        ///< that held it, the oldest first
  std::uint64_t lines = 0;        ///< of all of them
  std::uint64_t looked_into = 0;  ///< files
  /// Lines with hashes that may be of it: nobody can tell without the key.
  std::uint64_t hidden = 0;
  Problems problems;  ///< files that could not be looked into, or not be changed
};

/// The active segment is closed first, under the lock that all its writers share, and all is then
/// done to closed files: each is written anew beside itself, and takes its name when it is whole,
/// so that a kill at any moment leaves every file as it was or as it becomes; a second call does
/// the rest. Files without the address are left alone. Problems: nothing could be begun.
Result<Erasure> erase_address(const std::string& journal, const AddressEraser& eraser,
                              EraseMode mode, const EraseSteps& steps);

}  // namespace postern
