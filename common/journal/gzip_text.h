// GzipText: the text of a gzip file (RFC 1952), from its beginning on and in pieces. A part that is
// damaged costs its own text only: what follows is found by the header of the next member, and
// segments have one for some hundred lines. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace postern {

/// Where unpacking can begin.
struct GzipPlace {
  std::uint64_t packed = 0;  ///< octets of the file before it
  bool in_member = false;    ///< else a member begins there; the rest is for within one alone:
  int bits = 0;              ///< of the octet before it that belong to what follows
  std::string window = {};   ///< the text before it that what follows may refer to
};

/// What could not be unpacked.
struct GzipDamage {
  std::uint64_t parts = 0;  ///< stretches of the file without a readable member
  std::uint64_t begin = 0;  ///< of the first of them: its octets
  std::uint64_t end = 0;
  bool end_missing = false;  ///< the last member is cut short; what it has was handed out

  bool any() const noexcept { return parts > 0 || end_missing; }
};
/// "cannot unpack PATH: its end is missing"; empty without damage.
std::string damage_text(const GzipDamage& damage, const std::string& path);

class GzipText {
 public:
  /// `file` is open for reading, has `octets` octets, and stays open.
  GzipText(int file, std::uint64_t octets, const GzipPlace& from = {});
  ~GzipText();
  GzipText(GzipText&&) noexcept;
  GzipText& operator=(GzipText&&) noexcept;

  /// The next piece, not empty; false at the end, or where error() says why. A piece is the text of
  /// a member whose checksum is right, or of a part of a member that is longer than any of ours.
  bool next(std::string& piece);
  /// Of the system, of zlib, or that this is no gzip file; empty when well.
  const std::string& error() const noexcept;
  const GzipDamage& damage() const noexcept;
  /// Where the next piece begins, if unpacking could begin there.
  std::optional<GzipPlace> place() const;
  /// Octets of the file that have been used.
  std::uint64_t used() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
