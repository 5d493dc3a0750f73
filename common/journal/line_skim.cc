#include "journal/line_skim.h"

#include "journal/json_writer.h"

#include <array>
#include <cstddef>

namespace postern {
namespace {

// A record has six levels; what goes deeper is of no interest, and no line of ours.
constexpr std::size_t deepest = 16;

class Skimmer {
 public:
  Skimmer(std::string_view line, SkimmedLine& found) : rest_(line), found_(found) {}

  bool run() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      switch (c) {
        case '{':
        case '[':
          if (depth_ == deepest || (depth_ == 0 && (c == '[' || began_))) return false;
          began_ = true;
          levels_[depth_++] = {c, {}};
          break;
        case '}':
        case ']':
          if (depth_ == 0 || levels_[depth_ - 1].bracket != (c == '}' ? '{' : '[')) return false;
          --depth_;
          break;
        case '"':
          if (depth_ == 0 || !string()) return false;
          break;
        default:
          // Numbers, words, commas, white space. Behind the object there is only the last.
          if (depth_ == 0 && c != ' ' && c != '\t' && c != '\r') return false;
          break;
      }
    }
    return began_ && depth_ == 0;
  }

 private:
  struct Level {
    char bracket = 0;
    std::string_view key;
  };

  /// Behind its first quote.
  bool string() {
    std::size_t end = 0;
    while (true) {
      end = rest_.find('"', end);
      if (end == std::string_view::npos) return false;
      std::size_t escapes = 0;
      while (escapes < end && rest_[end - 1 - escapes] == '\\') ++escapes;
      if (escapes % 2 == 0) break;
      ++end;
    }
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    Level& level = levels_[depth_ - 1];
    if (level.bracket == '{' && !rest_.empty() && rest_.front() == ':') {
      level.key = text;
    } else {
      take(text);
    }
    return true;
  }

  std::string_view key(std::size_t level) const {
    return level < depth_ ? levels_[level].key : std::string_view();
  }

  void take(std::string_view value) {
    if (depth_ == 1) {
      take_top(value);
    } else if (key(0) == "transaction") {
      take_of_transaction(value);
    } else if (key(0) == "decision") {
      if (depth_ == 2 && key(1) == "verdict") found_.verdict = value;
    } else if (key(0) == "sent") {
      if (depth_ == 3 && key(1) == "expected") found_.told_something = true;
    }
  }

  void take_top(std::string_view value) {
    const auto name = key(0);
    if (name == "kind") found_.kind = value;
    if (name == "time") found_.time = value;
    if (name == "policy") found_.policy = value;
    if (name != "ref" || value.empty()) return;
    found_.reference = value;
    add(IndexKey::reference, value);
  }

  void take_of_transaction(std::string_view value) {
    const auto name = key(1);
    if (depth_ == 2) {
      if (name == "queue_id") add(IndexKey::queue_id, value);
      if (name == "instance") add(IndexKey::instance, value);
      if (name == "session") add(IndexKey::session, value);
      if (name == "sender") add_address(IndexKey::sender, IndexKey::sender_domain, value);
      if (name == "recipient") add_address(IndexKey::recipient, IndexKey::recipient_domain, value);
    } else if (depth_ == 3 && name == "client") {
      if (key(2) == "address") add(IndexKey::client, value);
    } else if (depth_ == 3 && key(2) == "local") {
      // An address that is no pair of local part and domain.
      if (name == "sender") add(IndexKey::sender, value);
      if (name == "recipient") add(IndexKey::recipient, value);
    } else if (depth_ == 4 && name == "recipients" && key(3) == "address") {
      add_address(IndexKey::recipient, IndexKey::recipient_domain, value);
    } else if (depth_ == 5 && name == "recipients" && key(3) == "address") {
      add(IndexKey::recipient, value);
    }
  }

  void add(IndexKey kind, std::string_view value) { found_.keys.push_back({kind, value}); }

  void add_address(IndexKey whole, IndexKey domain, std::string_view value) {
    add(whole, value);
    const auto at = value.rfind('@');
    if (at != std::string_view::npos) add(domain, value.substr(at + 1));
  }

  std::string_view rest_;
  SkimmedLine& found_;
  std::array<Level, deepest> levels_{};
  std::size_t depth_ = 0;
  bool began_ = false;
};

}  // namespace

bool skim(std::string_view line, SkimmedLine& found) {
  found.kind = found.reference = found.time = found.policy = found.verdict = {};
  found.told_something = false;
  found.keys.clear();
  return Skimmer(line, found).run();
}

bool is_of_a_pass(const SkimmedLine& line) {
  if (line.kind == "decision") return line.verdict == "pass" || line.verdict == "accept";
  return line.kind == "repeat" && !line.told_something;
}

std::uint64_t key_number(IndexKey kind, std::string_view value) {
  // FNV-1a, and the finisher of MurmurHash3, because the filters use all bits.
  std::uint64_t number = 0xcbf29ce484222325U;
  const auto mix = [&number](unsigned char octet) { number = (number ^ octet) * 0x100000001b3U; };
  mix(static_cast<unsigned char>(kind));
  for (const char c : value) {
    mix(static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
  }
  number = (number ^ number >> 33U) * 0xff51afd7ed558ccdU;
  number = (number ^ number >> 33U) * 0xc4ceb9fe1a85ec53U;
  return number ^ number >> 33U;
}

std::uint64_t key_number_of_text(IndexKey kind, std::string_view octets) {
  std::string escaped;
  append_json_string(escaped, octets);
  return key_number(kind, std::string_view(escaped).substr(1, escaped.size() - 2));
}

}  // namespace postern
