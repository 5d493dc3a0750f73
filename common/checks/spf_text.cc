#include "checks/spf_text.h"

#include "checks/field_text.h"
#include "model/dns_name.h"
#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

/// Octets of a value from outside: a domain fits, a longer local part is cut. Three of them, the
/// comment and the keys stay within a line.
constexpr std::size_t longest_value = 160;
constexpr std::size_t longest_domain = 255;  // octets, RFC 5321 4.5.3.1.2

bool is_atom(std::string_view text) noexcept {
  // RFC 5322 3.2.3, dot-atom.
  constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~.";
  return !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
         });
}

/// A dot-atom, or a quoted string.
std::string value(std::string_view text) {
  const auto clean = clean_for_reply(text, longest_value);
  if (is_atom(clean)) return clean;
  std::string in_quotes = "\"";
  for (const char c : clean) {
    if (c == '"' || c == '\\') in_quotes += '\\';
    in_quotes += c;
  }
  return in_quotes + '"';
}

/// Inside a comment, where parentheses and backslashes would be read.
std::string in_comment(std::string_view text) {
  auto clean = clean_for_reply(text, longest_value);
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c == '(' || c == ')' || c == '\\'; }, '?');
  return clean;
}

std::string comment(const SpfRequest& request, const SpfOutcome& outcome) {
  const auto domain = in_comment(request.domain);
  const auto client = request.client.text();
  switch (outcome.result) {
    case SpfResult::pass:
      return "domain " + domain + " designates " + client + " as permitted sender";
    case SpfResult::fail:
      return "domain " + domain + " does not designate " + client + " as permitted sender";
    case SpfResult::softfail:
      return "domain " + domain + " probably does not designate " + client + " as permitted sender";
    case SpfResult::neutral:
      return client + " is neither permitted nor denied by domain " + domain;
    case SpfResult::none:
      return "domain " + domain + " does not designate permitted sender hosts";
    case SpfResult::temperror:
    case SpfResult::permerror:
      break;
  }
  return "error in processing of domain " + domain;
}

}  // namespace

std::string received_spf(const SpfRequest& request, std::string_view sender,
                         const SpfOutcome& outcome) {
  std::string text(to_text(outcome.result));
  text += " (" + comment(request, outcome) + ')';
  if (!request.receiver.empty()) text += " receiver=" + value(request.receiver) + ';';
  text += " identity=" + std::string(to_text(request.identity)) + ';';
  text += " client-ip=" + value(request.client.text()) + ';';
  text += " helo=" + value(request.helo) + ';';
  if (request.identity == SpfIdentity::mail_from) {
    text += " envelope-from=" + value(sender) + ';';
  }
  const bool error =
      outcome.result == SpfResult::temperror || outcome.result == SpfResult::permerror;
  if (error) {
    text += " problem=" + value(outcome.problem);
  } else if (outcome.result != SpfResult::none) {
    text += " mechanism=" + value(outcome.mechanism);
  }
  if (text.back() == ';') text.pop_back();
  return text;
}

std::string spf_authentication_result(const SpfRequest& request, const SpfOutcome& outcome) {
  std::string text = "spf=" + std::string(to_text(outcome.result));
  if (outcome.result == SpfResult::temperror || outcome.result == SpfResult::permerror) {
    // Always as a quoted string (RFC 8601 2.2, reasonspec).
    text += " reason=" + quoted_string(clean_for_reply(outcome.problem, longest_value));
  }
  const auto domain = dns_name_of_octets(request.domain).value_or(request.domain);
  // An address in place of a name has none, and what is cut would be another one.
  if (domain.empty() || domain.size() > longest_domain) return text;
  text += request.identity == SpfIdentity::helo ? " smtp.helo=" : " smtp.mailfrom=";
  return text + field_value(domain);
}

}  // namespace postern
