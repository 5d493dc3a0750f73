#include "bounce/failure_text.h"

#include "bounce/reply_in_text.h"
#include "model/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace postern {
namespace {

constexpr std::size_t longest_diagnostic = 400;  // octets of words without a code
// Octets; what is longer was not written line by line for people.
constexpr std::size_t longest_line = 2'000;
constexpr std::size_t most_guessed = 50;  // recipients; texts for people name a few

struct Line {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back({at, end});
    at = end + 1;
  }
  return lines;
}

/// Octets that local parts and domains have in the mails of this world, letters beyond ASCII too.
bool is_address_octet(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x80 || is_letter_or_digit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}
bool is_domain_octet(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x80 || is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
}

struct FoundAddress {
  std::string text;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The address around an '@'; nullopt when there is none.
std::optional<FoundAddress> address_around(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  // RFC 5321 4.5.3.1: 64 octets before it, 255 behind.
  while (begin > 0 && at - begin < 64 && is_address_octet(text[begin - 1])) --begin;
  while (begin < at && std::string_view("'`*=/").find(text[begin]) != std::string_view::npos)
    ++begin;
  std::size_t end = at + 1;
  while (end < text.size() && end - at < 256 && is_domain_octet(text[end])) ++end;
  while (end > at + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
  if (begin == at || end == at + 1) return std::nullopt;
  return FoundAddress{std::string(text.substr(begin, end - begin)), begin, end};
}

std::vector<FoundAddress> all_addresses(std::string_view text) {
  std::vector<FoundAddress> found;
  for (auto at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (auto address = address_around(text, at)) found.push_back(std::move(*address));
  }
  return found;
}

/// Addresses that notifications name as those to ask.
bool is_contact(std::string_view address) {
  const auto local = lower(address.substr(0, address.find('@')));
  for (const std::string_view name :
       {"postmaster", "mailer-daemon", "support", "abuse", "help", "helpdesk"}) {
    if (local == name) return true;
  }
  return false;
}

/// How an address stands in its line, from certain to by the way.
enum class Standing : std::uint8_t { at_line_start, labelled, beside_reply, by_the_way };

Standing standing_of(std::string_view line, std::size_t begin) {
  auto before = trimmed(line.substr(0, begin));
  while (!before.empty() &&
         std::string_view("<>*-[(\"'").find(before.back()) != std::string_view::npos) {
    before.remove_suffix(1);
    before = trimmed(before);
  }
  // "550 <a@b.example>... User unknown", "550 5.1.1 <...": what sendmail writes.
  const bool behind_codes =
      has_refusal_code(before, 0) && std::all_of(before.begin(), before.end(), [](char c) {
        return is_digit(c) || c == '.' || c == ' ' || c == '-';
      });
  if (before.empty() || behind_codes) return Standing::at_line_start;
  const auto label = lower(before);
  for (const std::string_view words :
       {"to:", "recipient:", "recipients:", "recipient", "user", "userid:", "deliver to", "mailbox",
        "delivered to", "to", "address:", "rcpt", "for", "mail to", "failed:", "account"}) {
    if (label.ends_with(words)) return Standing::labelled;
  }
  if (line.size() <= longest_line && find_reply(line)) return Standing::beside_reply;
  return Standing::by_the_way;
}

bool same_address(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

bool is_among(const std::vector<std::string>& list, std::string_view address) {
  return std::any_of(list.begin(), list.end(),
                     [address](const std::string& each) { return same_address(each, address); });
}

struct Candidate {
  std::string address;
  std::size_t begin = 0;  // where it stands best
  Standing standing = Standing::by_the_way;
};

std::vector<Candidate> candidates_in(std::string_view text,
                                     const std::vector<std::string>& not_these) {
  std::vector<Candidate> candidates;
  for (const auto& line : lines_of(text)) {
    const auto shown = text.substr(line.begin, line.end - line.begin);
    if (shown.find('@') == std::string_view::npos) continue;
    for (const auto& found : all_addresses(shown)) {
      const auto& address = found.text;
      if (is_among(not_these, address)) continue;
      const auto standing = standing_of(shown, found.begin);
      const auto known =
          std::find_if(candidates.begin(), candidates.end(),
                       [&](const Candidate& each) { return same_address(each.address, address); });
      if (known == candidates.end()) {
        candidates.push_back({address, line.begin, standing});
        if (candidates.size() == most_guessed) return candidates;
      } else if (standing < known->standing) {
        known->begin = line.begin;
        known->standing = standing;
      }
    }
  }
  return candidates;
}

/// Where a line that mentions `address` has a reply too.
std::optional<FoundReply> reply_beside(std::string_view text, std::string_view address) {
  const auto wanted = lower(address);
  for (const auto& line : lines_of(text)) {
    const auto shown = text.substr(line.begin, line.end - line.begin);
    if (lower(shown).find(wanted) == std::string::npos) continue;
    if (auto reply = find_reply(shown)) return reply;
  }
  return std::nullopt;
}

void take(BouncedRecipient& recipient, const FoundReply& reply) {
  recipient.reply = reply.text;
  recipient.code = reply.code;
  recipient.enhanced = reply.enhanced;
}

/// Lines that only announce what follows.
bool begins_copy(std::string_view line) {
  const auto text = lower(trimmed(line));
  if (text.size() > 120) return false;
  for (const std::string_view words : {"this is a copy of",
                                       "below this line is a copy",
                                       "below the next line is a copy",
                                       "original message follows",
                                       "header of the original message",
                                       "original message headers",
                                       "original message header",
                                       "returned message",
                                       "unsent message",
                                       "returned mail follows",
                                       "copy of the original",
                                       "message header follows",
                                       "original email headers",
                                       "original message is attached",
                                       "message body follows",
                                       "begin included message",
                                       "headers of the message",
                                       "undelivered message",
                                       "the original message as follows",
                                       "original mail as follows",
                                       "included is a copy of",
                                       "message text follows"}) {
    if (text.find(words) != std::string::npos) return true;
  }
  // "------- original message ------", with its dashes only: sentences have the words too.
  return (text.starts_with('-') || text.starts_with('=')) &&
         text.find("original message") != std::string::npos;
}

/// A field that stands in the head of every mail and in few sentences.
bool is_mail_field(std::string_view line) {
  for (const std::string_view name :
       {"Received:", "Return-Path:", "Return-path:", "Message-ID:", "Message-Id:", "MIME-Version:",
        "Mime-Version:", "DKIM-Signature:", "Content-Type:", "Content-type:"}) {
    if (line.starts_with(name)) return true;
  }
  return false;
}

/// Where the copy of the returned mail begins; the size of `text` when there is none.
std::size_t copy_begins(std::string_view text) {
  for (const auto& line : lines_of(text)) {
    const auto shown = text.substr(line.begin, line.end - line.begin);
    if (begins_copy(shown) || is_mail_field(shown)) return line.begin;
  }
  return text.size();
}

std::string without_entities(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> entities{{{"&lt;", "<"},
                                                                                   {"&gt;", ">"},
                                                                                   {"&amp;", "&"},
                                                                                   {"&quot;", "\""},
                                                                                   {"&nbsp;", " "},
                                                                                   {"&#64;", "@"},
                                                                                   {"&#39;", "'"}}};
  std::string result;
  while (!text.empty()) {
    const auto at = text.find('&');
    result += text.substr(0, at);
    if (at == std::string_view::npos) break;
    text.remove_prefix(at);
    const auto found = std::find_if(entities.begin(), entities.end(), [text](const auto& each) {
      return text.starts_with(each.first);
    });
    result += found == entities.end() ? std::string_view("&") : found->second;
    text.remove_prefix(found == entities.end() ? 1 : found->first.size());
  }
  return result;
}

}  // namespace

std::string_view without_returned_mail(std::string_view text) {
  return text.substr(0, copy_begins(text));
}

std::string_view returned_mail_in(std::string_view text) {
  auto copy = text.substr(copy_begins(text));
  const auto first = copy.substr(0, copy.find('\n'));
  if (!copy.empty() && !is_mail_field(first)) {
    copy.remove_prefix(std::min(first.size() + 1, copy.size()));
    copy.remove_prefix(std::min(copy.find_first_not_of("\r\n"), copy.size()));
  }
  return copy;
}

std::string text_of_html(std::string_view html) {
  std::string text;
  while (!html.empty()) {
    const auto open = html.find('<');
    text += html.substr(0, open);
    if (open == std::string_view::npos) break;
    html.remove_prefix(open);
    const auto tag = lower(html.substr(0, std::min<std::size_t>(8, html.size())));
    // What stands between these is no text.
    for (const std::string_view hidden : {"style", "script", "head"}) {
      if (tag.compare(1, hidden.size(), hidden) != 0 || tag.starts_with("<header")) continue;
      const auto closing = "</" + std::string(hidden);
      auto at = html.find(closing);
      if (at == std::string_view::npos) at = html.size();
      html.remove_prefix(at);
      break;
    }
    for (const std::string_view block :
         {"<br", "<p", "</p", "<div", "</div", "<tr", "<li", "<h", "</h", "<td", "<pre"}) {
      if (tag.starts_with(block)) {
        text += '\n';
        break;
      }
    }
    const auto close = html.find('>');
    html.remove_prefix(close == std::string_view::npos ? html.size() : close + 1);
  }
  return without_entities(text);
}

std::vector<std::string> addresses_in(std::string_view text) {
  std::vector<std::string> addresses;
  for (auto& found : all_addresses(text)) {
    if (!is_among(addresses, found.text) && addresses.size() < most_guessed) {
      addresses.push_back(std::move(found.text));
    }
  }
  return addresses;
}

std::vector<BouncedRecipient> failures_in(std::string_view text,
                                          const std::vector<std::string>& known,
                                          const std::vector<std::string>& not_these) {
  text = text.substr(0, longest_failure_text);
  auto candidates = candidates_in(text, known.empty() ? not_these : std::vector<std::string>{});
  if (!known.empty()) {
    std::erase_if(candidates,
                  [&](const Candidate& each) { return !is_among(known, each.address); });
    for (const auto& address : known) {
      if (std::none_of(candidates.begin(), candidates.end(), [&](const Candidate& each) {
            return same_address(each.address, address);
          })) {
        candidates.push_back({address, 0, Standing::by_the_way});
      }
    }
  } else {
    std::erase_if(candidates, [](const Candidate& each) { return is_contact(each.address); });
    if (candidates.empty()) return {};
    const auto best = std::min_element(candidates.begin(), candidates.end(),
                                       [](const Candidate& a, const Candidate& b) {
                                         return a.standing < b.standing;
                                       })
                          ->standing;
    if (best == Standing::by_the_way && candidates.size() > 1) return {};
    std::erase_if(candidates, [best](const Candidate& each) { return each.standing != best; });
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.begin < b.begin; });

  std::vector<BouncedRecipient> recipients;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    BouncedRecipient recipient;
    recipient.address = candidates[i].address;
    recipient.action = "failed";
    const auto end = i + 1 < candidates.size() ? candidates[i + 1].begin : text.size();
    const auto block = text.substr(candidates[i].begin, end - candidates[i].begin);
    auto reply = candidates.size() > 1 ? reply_beside(text, recipient.address) : std::nullopt;
    if (!reply) reply = find_reply(block);
    // One who stands before others under one reply, or behind a transcript.
    if (!reply) reply = find_reply(text.substr(candidates[i].begin));
    if (!reply) reply = find_reply(text);
    if (reply) {
      take(recipient, *reply);
      recipient.diagnostic = reply->text;
    } else {
      recipient.diagnostic = on_one_line(block, longest_diagnostic);
    }
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

}  // namespace postern
