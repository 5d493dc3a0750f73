#include "checks/helo.h"

#include "model/dns_name.h"
#include "model/dns_servers.h"
#include "model/text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace postern {
namespace {

/// Octets of a domain in SMTP (RFC 5321 4.5.3.1.2).
constexpr std::size_t longest_domain = 255;

enum class Labels : std::uint8_t { malformed, unusual, fine };

/// RFC 5321 4.1.2, sub-domain: letters and digits, hyphens inside.
Labels look_at_label(std::string_view label) noexcept {
  if (label.empty() || label.size() > longest_dns_label) return Labels::malformed;
  if (label.front() == '-' || label.back() == '-') return Labels::malformed;
  auto result = Labels::fine;
  for (const char c : label) {
    if (c == '_') {
      result = Labels::unusual;
    } else if (!is_letter_or_digit(c) && c != '-') {
      return Labels::malformed;
    }
  }
  return result;
}

std::optional<IpAddress> literal_address(std::string_view helo) {
  if (helo.size() < 2 || helo.front() != '[' || helo.back() != ']') return {};
  const auto inside = helo.substr(1, helo.size() - 2);
  const bool tagged = inside.size() > 5 && lower(inside.substr(0, 5)) == "ipv6:";
  const bool colons = inside.find(':') != std::string_view::npos;
  if (colons != tagged) return {};
  if (tagged && inside.find(':', 5) == std::string_view::npos) return {};
  return IpAddress::parse(inside);
}

}  // namespace

HeloForm helo_form(std::string_view helo) noexcept {
  if (helo.empty()) return HeloForm::missing;
  if (helo.front() == '[') {
    return literal_address(helo) ? HeloForm::literal : HeloForm::malformed;
  }
  if (helo.size() > longest_domain) return HeloForm::malformed;
  bool unusual = false;
  if (helo.back() == '.') {
    unusual = true;
    helo.remove_suffix(1);
  }
  std::size_t labels = 0;
  std::string_view last;
  for (auto rest = helo;;) {
    const auto dot = rest.find('.');
    last = rest.substr(0, dot);
    ++labels;
    const auto look = look_at_label(last);
    if (look == Labels::malformed) return HeloForm::malformed;
    unusual = unusual || look == Labels::unusual;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (unusual) return HeloForm::unusual;
  return labels < 2 || all_digits(last) ? HeloForm::unqualified : HeloForm::name;
}

bool is_one_of_us(const IpAddress& client, const OurSelves& ours) noexcept {
  if (is_loopback(client)) return true;
  return std::find(ours.addresses.begin(), ours.addresses.end(), client) != ours.addresses.end();
}

HeloOutcome helo(std::string_view name, const IpAddress& client, const OurSelves& ours,
                 const std::function<const Answer*(const Question&)>& lookup) {
  HeloOutcome outcome;
  outcome.form = helo_form(name);
  if (outcome.form == HeloForm::literal) {
    const auto address = literal_address(name);
    const bool is_ours = address && std::find(ours.addresses.begin(), ours.addresses.end(),
                                              *address) != ours.addresses.end();
    // A host that speaks to itself may say so.
    if (is_ours && *address != client && !is_one_of_us(client, ours))
      outcome.claim = HeloOutcome::Claim::ours;
    return outcome;
  }
  if (outcome.form != HeloForm::name && outcome.form != HeloForm::unusual &&
      outcome.form != HeloForm::unqualified) {
    return outcome;
  }
  const auto asked = dns_name(name);
  if (asked && !is_one_of_us(client, ours) &&
      std::find(ours.names.begin(), ours.names.end(), *asked) != ours.names.end()) {
    outcome.claim = HeloOutcome::Claim::ours;
  }
  if (!asked || outcome.form == HeloForm::unqualified) return outcome;

  const bool v4 = client.family() == IpAddress::Family::v4;
  // The client's family first: it alone can say that the name is the client's.
  const std::array<std::string_view, 3> types{v4 ? "A" : "AAAA", v4 ? "AAAA" : "A", "MX"};
  std::array<const Answer*, 3> answers{};
  for (std::size_t i = 0; i < types.size(); ++i) {
    Question question{QuestionKind::helo_dns, std::string(types[i]), *asked, QuestionCost::free};
    answers[i] = lookup(question);
    if (answers[i] == nullptr) outcome.questions.push_back(std::move(question));
  }
  const auto done = [&](HeloDns dns) {
    outcome.dns = dns;
    outcome.questions.clear();
    return std::move(outcome);
  };
  const auto* own = answers[0];
  const bool open = !outcome.questions.empty();
  if (own != nullptr) {
    const bool matches = std::any_of(own->values.begin(), own->values.end(), [&](const auto& text) {
      return IpAddress::parse(text) == client;
    });
    if (matches) return done(HeloDns::matches);
    const bool exists = std::any_of(answers.begin(), answers.end(), [](const Answer* answer) {
      return answer != nullptr && answer->state == Answer::State::value;
    });
    if (exists) {
      return done(own->state == Answer::State::unavailable ? HeloDns::resolves : HeloDns::mismatch);
    }
  }
  if (open) {
    outcome.state = HeloOutcome::State::open;
    return outcome;
  }
  for (const auto* answer : answers) {
    if (answer->state != Answer::State::unavailable) continue;
    outcome.cause = answer->cause;
    return done(HeloDns::temperror);
  }
  return done(HeloDns::unresolvable);
}

std::string_view to_text(HeloForm form) noexcept {
  switch (form) {
    case HeloForm::missing:
      return "missing";
    case HeloForm::malformed:
      return "malformed";
    case HeloForm::unusual:
      return "unusual";
    case HeloForm::unqualified:
      return "unqualified";
    case HeloForm::literal:
      return "literal";
    case HeloForm::name:
      break;
  }
  return "name";
}

std::string_view to_text(HeloDns dns) noexcept {
  switch (dns) {
    case HeloDns::not_asked:
      return "not asked";
    case HeloDns::matches:
      return "matches";
    case HeloDns::mismatch:
      return "mismatch";
    case HeloDns::resolves:
      return "resolves";
    case HeloDns::unresolvable:
      return "unresolvable";
    case HeloDns::temperror:
      break;
  }
  return "temperror";
}

}  // namespace postern
