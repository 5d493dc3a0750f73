// What SpfRun makes of macros: names to ask for, and explanations (RFC 7208 6.2, 7).
#include "checks/spf_run.h"
#include "model/dns_name.h"
#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

/// Octets of a name in presentation form (RFC 7208 7.3).
constexpr std::size_t longest_name = 253;

/// Octets of a macro's value that are looked at: more than a name can hold, so that what is left
/// out would not be in it. Mail servers let HELO names and local parts of 2,000 octets through, and
/// a record may name them a thousand times.
constexpr std::size_t longest_value = 512;
/// Octets of an explanation, which a reply quotes on one line of 510.
constexpr std::size_t longest_explanation = 1024;

/// The end that a name is made of.
std::string_view bounded(const SpfMacroPart& part, std::string_view value) noexcept {
  if (value.size() <= longest_value) return value;
  if (part.order == SpfMacroPart::Order::reversed) return value.substr(0, longest_value);
  return value.substr(value.size() - longest_value);
}

/// "4.3.2.1", or the 32 digits of an address of IPv6 with dots between them; capital ones, as the
/// test suite of RFC 7208 has them in explanations.
std::string dotted(const IpAddress& address) {
  if (address.family() == IpAddress::Family::v4) return address.text();
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const auto octet : address.bytes()) {
    if (!text.empty()) text += '.';
    text += digits[octet >> 4];
    text += '.';
    text += digits[octet & 15U];
  }
  return text;
}

}  // namespace

std::optional<std::string> SpfRun::expand(const SpfMacroString& text, const std::string& domain) {
  const auto values = macros(text, domain);
  if (!values) return {};
  // RFC 7208 7.3: labels go from the left until it fits, so it is made from the right.
  std::string name;
  for (auto part = text.rbegin(); part != text.rend() && name.size() <= longest_name + 1; ++part) {
    name.insert(0, expanded(*part, *values));
  }
  if (name.ends_with('.')) name.pop_back();
  if (name.size() <= longest_name) return name;
  const auto dot = name.find('.', name.size() - longest_name - 1);
  if (dot == std::string::npos) return {};
  return name.substr(dot + 1);
}

std::optional<std::string> SpfRun::expand_text(const SpfMacroString& text,
                                               const std::string& domain) {
  const auto values = macros(text, domain);
  if (!values) return {};
  std::string words;
  for (const auto& part : text) {
    words += expanded(part, *values);
    if (words.size() > longest_explanation) {
      words.resize(longest_explanation);
      break;
    }
  }
  return words;
}

/// The values of all macros of the text, each once.
std::optional<SpfRun::Macros> SpfRun::macros(const SpfMacroString& text,
                                             const std::string& domain) {
  Macros values;
  for (const auto& part : text) {
    if (part.letter == 0 || values.contains(part.letter)) continue;
    auto value = macro(part.letter, domain);
    if (!value) return {};
    values.emplace(part.letter, std::move(*value));
  }
  return values;
}

std::string SpfRun::expanded(const SpfMacroPart& part, const Macros& values) {
  if (part.letter == 0) return part.text;
  return spf_transformed(part, bounded(part, values.at(part.letter)));
}

std::optional<std::string> SpfRun::macro(char letter, const std::string& domain) {
  switch (letter) {
    case 's':
    case 'l':
      if (!is_ascii(request_.local)) return {};
      return letter == 'l' ? request_.local : request_.local + '@' + sender_domain();
    case 'o':
      return sender_domain();
    case 'd':
      return domain;
    case 'i':
      return dotted(request_.client);
    case 'p':
      return validated_name(domain);
    case 'v':
      return request_.client.family() == IpAddress::Family::v4 ? "in-addr" : "ip6";
    case 'h':
      return request_.helo;
    case 'c':
      return request_.client.text();
    case 'r':
      return request_.receiver.empty() ? "unknown" : request_.receiver;
    default: {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(request_.time.time_since_epoch());
      return std::to_string(seconds.count());
    }
  }
}

std::string SpfRun::sender_domain() const {
  if (is_ascii(request_.domain)) return request_.domain;
  return dns_name_of_octets(request_.domain).value_or(request_.domain);
}

/// RFC 8616 4: such a sender cannot be named in DNS, so the term matches nobody.
bool SpfRun::names_unicode_sender(const SpfMacroString& text) const {
  return !is_ascii(request_.local) && (spf_has_letter(text, 's') || spf_has_letter(text, 'l'));
}

/// RFC 7208 7.3: of the client's validated names the domain itself, else one below it, else any.
std::optional<std::string> SpfRun::validated_name(const std::string& domain) {
  const auto pointers = look_up("PTR", reverse_dns_name(request_.client));
  if (pointers.state == Records::State::open) return {};
  if (pointers.state != Records::State::there) return "unknown";
  const bool v4 = request_.client.family() == IpAddress::Family::v4;
  const auto own = dns_name_of_octets(domain).value_or(std::string());
  std::string best;
  int rank = 0;
  bool open = false;
  unsigned names = 0;
  for (const auto& value : *pointers.values) {
    if (++names > limits_.names) break;
    const auto name = dns_name(value);
    if (!name) continue;
    const auto records = look_up(v4 ? "A" : "AAAA", *name);
    open = open || records.state == Records::State::open;
    if (records.state != Records::State::there) continue;
    const SpfTerm whole;
    const bool validated =
        std::any_of(records.values->begin(), records.values->end(),
                    [&](const auto& address) { return is_client(whole, address); });
    if (!validated) continue;
    const int fits = *name == own ? 3 : is_in_zone(*name, own) ? 2 : 1;
    if (fits > rank) {
      rank = fits;
      best = *name;
    }
  }
  if (open) return {};
  return best.empty() ? "unknown" : best;
}

void SpfRun::explain(SpfOutcome& outcome) {
  if (!explaining_) return;
  waiting_ = false;
  questions_.clear();
  const auto open = [&] {
    outcome.words = SpfOutcome::Words::open;
    outcome.questions = std::move(questions_);
  };
  const auto target = expand(*explaining_, explaining_domain_);
  if (!target && waiting_) return open();
  const auto name = target ? dns_name_of_octets(*target) : std::nullopt;
  if (!name) return;
  const auto records = look_up("TXT", *name);
  if (records.state == Records::State::open) return open();
  // RFC 7208 6.2: whatever is wrong, there is no explanation.
  if (records.state != Records::State::there || records.values->size() != 1) return;
  const auto& text = records.values->front();
  if (!is_ascii(text)) return;
  const auto parsed = spf_macro_string(text, SpfMacroPlace::explanation);
  if (!parsed) return;
  auto words = expand_text(*parsed, explaining_domain_);
  if (!words && waiting_) return open();
  if (!words || words->empty() || !is_ascii(*words)) return;
  outcome.words = SpfOutcome::Words::there;
  outcome.explanation = std::move(*words);
}

}  // namespace postern
