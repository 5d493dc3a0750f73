#include "checks/spf_record.h"

#include "model/text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace postern {
namespace {

constexpr std::string_view version = "v=spf1";

/// Removes "/24" from the end of `text`; `slashes` is "/" or "//". False: it is out of range.
bool take_prefix(std::string_view& text, std::string_view slashes, unsigned most,
                 unsigned& prefix) {
  std::size_t digits = text.size();
  while (digits > 0 && is_digit(text[digits - 1])) --digits;
  const auto number = text.substr(digits);
  if (number.empty() || !text.substr(0, digits).ends_with(slashes)) return true;
  if (number.size() > 1 && number.front() == '0') return true;  // no number of the grammar
  unsigned value = 0;
  for (const char c : number) value = std::min(value * 10 + static_cast<unsigned>(c - '0'), 1000U);
  if (value > most) return false;
  prefix = value;
  text = text.substr(0, digits - slashes.size());
  return true;
}

class Reader {
 public:
  /// Empty when all is well.
  std::string read(std::string_view text) {
    text.remove_prefix(version.size());
    // A record is read anew with every answer, and its terms are large to be moved about.
    constexpr std::size_t usual_terms = 8;
    record_.terms.reserve(usual_terms);
    while (!text.empty()) {
      const auto begin = text.find_first_not_of(' ');
      if (begin == std::string_view::npos) break;
      text.remove_prefix(begin);
      const auto term = text.substr(0, text.find(' '));
      text.remove_prefix(term.size());
      if (const std::string_view fault = read_term(term); !fault.empty()) {
        return std::string(fault) + " in \"" + std::string(term) + '"';
      }
    }
    return {};
  }
  SpfRecord take() { return std::move(record_); }

 private:
  std::string_view read_term(std::string_view term) {
    const auto name_end = std::find_if_not(term.begin(), term.end(), [](char c) {
      return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
    });
    const auto length = static_cast<std::size_t>(name_end - term.begin());
    if (length > 0 && is_letter(term[0]) && name_end != term.end() && *name_end == '=') {
      return read_modifier(term, lower(term.substr(0, length)), term.substr(length + 1));
    }
    return read_directive(term);
  }

  std::string_view read_modifier(std::string_view term, const std::string& name,
                                 std::string_view value) {
    if (name != "redirect" && name != "exp") {
      return spf_macro_string(value, SpfMacroPlace::modifier) ? "" : "a bad macro";
    }
    auto& place = name == "redirect" ? record_.redirect : record_.explanation;
    if (place) return "a modifier that may stand only once";
    if (name == "redirect") record_.redirect_text = term;
    return read_domain(value, place);
  }

  static std::string_view read_domain(std::string_view text,
                                      std::optional<SpfMacroString>& domain) {
    auto parsed = spf_macro_string(text, SpfMacroPlace::domain);
    if (!parsed) return "a bad macro or character";
    if (!spf_ends_as_domain(text, *parsed)) return "no domain name";
    domain = std::move(*parsed);
    return {};
  }

  std::string_view read_directive(std::string_view term) {
    SpfTerm made;
    made.text = term;
    auto rest = term;
    switch (rest.front()) {
      case '-':
        made.result = SpfResult::fail;
        break;
      case '~':
        made.result = SpfResult::softfail;
        break;
      case '?':
        made.result = SpfResult::neutral;
        break;
      default:
        break;
    }
    if (std::string_view("+-~?").find(rest.front()) != std::string_view::npos) {
      rest.remove_prefix(1);
    }
    const auto name = lower(rest.substr(0, rest.find_first_of(":/")));
    rest.remove_prefix(name.size());
    const auto fault = read_mechanism(name, rest, made);
    if (fault.empty()) record_.terms.push_back(std::move(made));
    return fault;
  }

  static std::string_view read_mechanism(const std::string& name, std::string_view rest,
                                         SpfTerm& made) {
    using Kind = SpfTerm::Kind;
    if (name == "all") {
      made.kind = Kind::all;
      return rest.empty() ? "" : "something behind \"all\"";
    }
    if (name == "ip4") return read_network(Kind::ip4, rest, made);
    if (name == "ip6") return read_network(Kind::ip6, rest, made);
    if (name == "include" || name == "exists") {
      made.kind = name == "include" ? Kind::include : Kind::exists;
      if (!rest.starts_with(':')) return "no domain name";
      return read_domain(rest.substr(1), made.domain);
    }
    if (name == "ptr") {
      made.kind = Kind::ptr;
      if (rest.empty()) return {};
      return rest.starts_with(':') ? read_domain(rest.substr(1), made.domain) : "no domain name";
    }
    if (name != "a" && name != "mx") return "an unknown mechanism";
    made.kind = name == "a" ? Kind::a : Kind::mx;
    if (!take_prefix(rest, "//", 128, made.prefix6) || !take_prefix(rest, "/", 32, made.prefix4)) {
      return "a prefix length out of range";
    }
    if (rest.empty()) return {};
    return rest.starts_with(':') ? read_domain(rest.substr(1), made.domain) : "no domain name";
  }

  static std::string_view read_network(SpfTerm::Kind kind, std::string_view rest, SpfTerm& made) {
    made.kind = kind;
    if (!rest.starts_with(':')) return "no address";
    rest.remove_prefix(1);
    const bool v4 = kind == SpfTerm::Kind::ip4;
    if (!take_prefix(rest, "/", v4 ? 32 : 128, v4 ? made.prefix4 : made.prefix6)) {
      return "a prefix length out of range";
    }
    // inet_pton() takes no more octets than that and wants a final zero.
    std::array<char, INET6_ADDRSTRLEN + 1> text{};
    if (rest.size() >= text.size() || rest.find('\0') != std::string_view::npos) {
      return "no address";
    }
    std::memcpy(text.data(), rest.data(), rest.size());
    if (inet_pton(v4 ? AF_INET : AF_INET6, text.data(), made.network.data()) != 1) {
      return "no address";
    }
    return {};
  }

  SpfRecord record_;
};

}  // namespace

std::string_view to_text(SpfResult result) noexcept {
  switch (result) {
    case SpfResult::none:
      return "none";
    case SpfResult::neutral:
      return "neutral";
    case SpfResult::pass:
      return "pass";
    case SpfResult::fail:
      return "fail";
    case SpfResult::softfail:
      return "softfail";
    case SpfResult::temperror:
      return "temperror";
    case SpfResult::permerror:
      break;
  }
  return "permerror";
}

bool is_spf_record(std::string_view text) noexcept {
  if (text.size() < version.size()) return false;
  for (std::size_t i = 0; i < version.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != version[i]) return false;
  }
  return text.size() == version.size() || text[version.size()] == ' ';
}

std::variant<SpfRecord, std::string> read_spf_record(std::string_view text) {
  Reader reader;
  if (auto fault = reader.read(text); !fault.empty()) return fault;
  return reader.take();
}

}  // namespace postern
