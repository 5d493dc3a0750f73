#include "reply/codes_query.h"

#include "model/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// A pasted reply is a few hundred octets; what is longer is no reply and need not be read whole.
constexpr std::size_t longest_question = 20'000;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

/// A code at the start of `text` with what follows it: space, hyphen or the end.
std::optional<int> code_at(std::string_view text) {
  if (text.size() < 3 || !std::all_of(text.begin(), text.begin() + 3, is_digit)) return {};
  if (text.size() > 3 && text[3] != ' ' && text[3] != '-' && text[3] != '\t') return {};
  return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

/// One to three digits at the start of `text`, taken off it.
std::optional<int> take_number(std::string_view& text) {
  std::size_t length = 0;
  int value = 0;
  while (length < text.size() && is_digit(text[length])) {
    if (length == 3) return {};
    value = value * 10 + (text[length] - '0');
    ++length;
  }
  if (length == 0) return {};
  text.remove_prefix(length);
  return value;
}

/// "5.7.1" or "X.7.1" at the start of `text`, taken off it.
std::optional<AskedEnhanced> take_enhanced(std::string_view& text) {
  auto rest = text;
  if (rest.size() < 5 || rest[1] != '.') return {};
  AskedEnhanced found;
  if (is_digit(rest[0])) {
    found.klass = rest[0] - '0';
  } else if (rest[0] != 'X' && rest[0] != 'x') {
    return {};
  }
  rest.remove_prefix(2);
  const auto subject = take_number(rest);
  if (!subject || rest.empty() || rest.front() != '.') return {};
  rest.remove_prefix(1);
  const auto detail = take_number(rest);
  // A further dot makes it an IP address; a letter makes it something else.
  if (!detail ||
      (!rest.empty() &&
       (is_digit(rest.front()) || (rest.size() > 1 && rest.front() == '.' && is_digit(rest[1]))))) {
    return {};
  }
  found.subject = *subject;
  found.detail = *detail;
  text = rest;
  return found;
}

bool starts_word(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  const char before = text[at - 1];
  return !is_digit(before) && before != '.' && !(before >= 'a' && before <= 'z') &&
         !(before >= 'A' && before <= 'Z');
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

/// Reads "550-5.7.1 text" into `query`, adding what differs from earlier lines to its faults.
void read_line(std::string_view line, CodesQuery& query) {
  const auto add_fault = [&](std::string fault) {
    if (std::find(query.faults.begin(), query.faults.end(), fault) == query.faults.end()) {
      query.faults.push_back(std::move(fault));
    }
  };
  if (const auto code = code_at(line)) {
    if (query.code && *query.code != *code) {
      add_fault(
          "The lines carry different codes; all lines of one reply must carry the same "
          "(RFC 5321 4.2.1).");
    }
    if (!query.code) query.code = code;
    line = trimmed(line.substr(std::min<std::size_t>(4, line.size())));
  }
  // Cisco's mail gateways write "550 #5.1.0 Address rejected."
  auto code_part = line.starts_with('#') ? line.substr(1) : line;
  if (auto enhanced = take_enhanced(code_part)) {
    if (query.enhanced && query.enhanced->text() != enhanced->text()) {
      add_fault(
          "The lines carry different enhanced codes; all lines of one reply must carry the "
          "same (RFC 2034 4).");
    }
    if (!query.enhanced) query.enhanced = enhanced;
    line = trimmed(code_part);
  }
  if (!query.words.empty() && !line.empty()) query.words += ' ';
  query.words += line;
}

/// Words that tell which of the many causes behind 550 5.7.1 or 554 is meant, and the same cause
/// where the code is of the other class: a full mailbox is mailbox-full with 452 and
/// mailbox-full-perm with 552.
struct Idiom {
  std::string_view words;
  std::string_view reason;
  std::string_view counterpart = {};
};

// Idioms of mail servers, ours among them, most specific first.
constexpr Idiom idioms[] = {
    {"since we accept only", "too-many-recipients-policy"},
    {"please slow down", "rate-recipient"},
    {"are open at the same time", "concurrency"},
    {"reputation problems", "reputation-reject", "reputation-defer"},
    {"the reverse dns of client", "client-rdns-temp"},
    {"the dmarc record of", "dmarc-temperror"},
    {"exactly one author domain", "dmarc-multiple-from"},
    {"no service for", "dnsbl-listed-connect"},
    {"which is on our own block list", "client-blocked"},
    {"is on our own block list", "sender-blocked"},
    {"relay access denied", "relay-denied"},
    {"relaying denied", "relay-denied"},
    {"unable to relay", "relay-denied"},
    {"relay not permitted", "relay-denied"},
    {"blocked using", "dnsbl-listed"},
    {"spamhaus", "dnsbl-listed"},
    {"blacklist", "dnsbl-listed"},
    {"blocklist", "dnsbl-listed"},
    {"block list", "dnsbl-listed"},
    {"greylist", "greylisted"},
    {"graylist", "greylisted"},
    {"dmarc", "dmarc-reject", "dmarc-temperror"},
    {"dkim", "dkim-none", "dkim-temperror"},
    {"spf", "spf-fail", "spf-temperror"},
    {"reverse dns", "client-no-rdns", "client-rdns-temp"},
    {"reverse hostname", "client-no-rdns", "client-rdns-temp"},
    {"ptr record", "client-no-rdns", "client-rdns-temp"},
    {"helo command rejected: host not found", "helo-unresolvable", "helo-lookup-temp"},
    {"helo command rejected", "helo-not-fqdn"},
    {"recipient address rejected: domain not found", "rcpt-domain-bad"},
    {"user unknown", "rcpt-unknown"},
    {"no such user", "rcpt-unknown"},
    {"unknown user", "rcpt-unknown"},
    {"recipient not found", "rcpt-unknown"},
    {"does not exist", "rcpt-unknown"},
    {"mailbox full", "mailbox-full", "mailbox-full-perm"},
    {"mailbox is full", "mailbox-full", "mailbox-full-perm"},
    {"over quota", "mailbox-full", "mailbox-full-perm"},
    {"quota exceeded", "mailbox-full", "mailbox-full-perm"},
    {"too many hops", "too-many-hops"},
    {"mail loop", "too-many-hops"},
    {"too many recipients", "too-many-recipients", "too-many-recipients-policy"},
    {"too many connections", "rate-connection"},
    {"message size exceeds", "message-too-big"},
    {"too large", "message-too-big"},
    {"too big", "message-too-big"},
    {"authentication required", "auth-required"},
    {"starttls command first", "tls-required"},
    {"tls not available", "tls-unavailable"},
    {"virus", "virus"},
    {"malware", "virus"},
    {"spam", "spam", "spam-defer"},
    {"rate limit", "rate-message"},
    {"domain not found", "sender-domain-bad", "sender-domain-temp"},
};

}  // namespace

std::string AskedEnhanced::text() const {
  return (klass == 0 ? "X" : std::to_string(klass)) + '.' + std::to_string(subject) + '.' +
         std::to_string(detail);
}

std::optional<CodesQuery> read_codes_query(std::string_view what) {
  what = what.substr(0, longest_question);
  const auto lines = lines_of(what);
  if (lines.empty()) return std::nullopt;

  CodesQuery query;
  if (code_at(lines.front())) {
    for (const auto line : lines) read_line(line, query);
    return query;
  }
  // "... said: 550 5.1.1 no such user", "dsn=5.1.1", "#5.1.1": the codes stand somewhere inside.
  for (const auto line : lines) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (!starts_word(line, at)) continue;
      auto rest = line.substr(at);
      const auto code = code_at(rest);
      if (code && *code >= 200 && *code < 600) {
        read_line(rest, query);
        return query;
      }
    }
  }
  for (const auto line : lines) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (!starts_word(line, at)) continue;
      auto rest = line.substr(at);
      if (auto enhanced = take_enhanced(rest)) {
        query.enhanced = enhanced;
        query.words = trimmed(rest);
        return query;
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> reasons_by_words(std::string_view words) {
  // Addresses are left out: "<spam@example.org>" says nothing about spam.
  std::string text;
  bool address = false;
  for (const char c : lower(words)) {
    if (c == '<') address = true;
    if (!address) text += c;
    if (c == '>') address = false;
  }
  for (const auto& idiom : idioms) {
    for (auto at = text.find(idiom.words); at != std::string::npos;
         at = text.find(idiom.words, at + 1)) {
      if (!starts_word(text, at)) continue;
      if (idiom.counterpart.empty()) return {idiom.reason};
      return {idiom.reason, idiom.counterpart};
    }
  }
  return {};
}

}  // namespace postern
