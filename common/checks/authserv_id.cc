#include "checks/authserv_id.h"

#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <cstddef>

namespace postern {
namespace {

/// Octets of an id that are looked at: one that is longer is no name of ours, whose names have 253
/// at most (RFC 1035 2.3.4), four times as many as U-labels.
constexpr std::size_t longest_id = 1024;

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool at(char c) const noexcept { return !rest_.empty() && rest_.front() == c; }

  /// White space and comments, which nest. One that is never closed takes all that is left.
  void skip_comments() noexcept {
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (depth == 0 && c != '(' && !is_space(c)) return;
      if (c == '(') ++depth;
      if (c == ')') --depth;
      rest_.remove_prefix(c == '\\' ? std::min<std::size_t>(2, rest_.size()) : 1);
    }
  }

  /// A token, or what a quoted string holds; octets beyond ASCII are letters (RFC 6531).
  std::string take_word() {
    std::string word;
    if (!at('"')) {
      while (!rest_.empty() && is_word_character(rest_.front())) take(word);
      return word;
    }
    rest_.remove_prefix(1);
    while (!rest_.empty() && !at('"')) {
      if (at('\\')) rest_.remove_prefix(1);
      // What was folded is one line again; the fold's white space stays.
      if (at('\r') || at('\n')) {
        rest_.remove_prefix(1);
      } else if (!rest_.empty()) {
        take(word);
      }
    }
    if (rest_.empty()) return {};  // never closed
    rest_.remove_prefix(1);
    return word;
  }

  std::string_view take_digits() noexcept {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_digit);
    const auto digits = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(digits.size());
    return digits;
  }

 private:
  static bool is_word_character(char c) noexcept {
    constexpr std::string_view specials = "()<>@,;:\\\"/[]?=";
    const auto octet = static_cast<unsigned char>(c);
    return octet > ' ' && octet != 0x7f && specials.find(c) == std::string_view::npos;
  }
  void take(std::string& word) {
    if (word.size() < longest_id) word += rest_.front();
    rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

}  // namespace

ResultsClaim results_claim(std::string_view value) {
  ResultsClaim claim;
  Reader reader(value);
  reader.skip_comments();
  auto id = reader.take_word();
  if (id.empty()) return claim;
  claim.id = normal_domain(id);
  reader.skip_comments();
  auto version = reader.take_digits();
  if (version.empty()) return claim;
  reader.skip_comments();
  if (!reader.at_end() && !reader.at(';')) return claim;  // it only begins like one
  version.remove_prefix(std::min(version.find_first_not_of('0'), version.size()));
  if (version != "1") claim.version = ResultsClaim::Version::unsupported;
  return claim;
}

bool is_forged(const ResultsClaim& claim, const std::vector<std::string>& ours) noexcept {
  if (claim.id.empty()) return false;
  return claim.version == ResultsClaim::Version::unsupported ||
         std::find(ours.begin(), ours.end(), claim.id) != ours.end();
}

}  // namespace postern
