#include "bounce/reply_in_text.h"

#include "model/text.h"
#include "reply/codes_query.h"

#include <algorithm>

namespace postern {
namespace {

constexpr std::size_t longest_paragraph = 8'000;  // octets
constexpr std::size_t longest_reply = 1'000;      // octets

/// Spellings that mail servers have for the codes before the words, as the one of RFC 2034: "550:
/// 5.2.2", "550 '5.7.1", "CODE :550, CODE :5.2.1".
std::string usual_spelling(std::string_view text) {
  std::string result;
  bool behind_code = false;  // nothing but marks has come since
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (has_refusal_code(text, at)) {
      if (!result.empty() && result.back() == ':') result.back() = ' ';
      result += text.substr(at, 3);
      at += 2;
      behind_code = true;
      continue;
    }
    const char c = text[at];
    if (!behind_code) {
      result += c;
      continue;
    }
    if (text.substr(at).starts_with("ERROR_CODE")) {
      at += std::string_view("ERROR_CODE").size() - 1;
      continue;
    }
    if (c == ':' || c == ',' || c == '\'' || c == ' ') {
      if (result.back() != ' ') result += ' ';
      continue;
    }
    if (c == '-' && text.substr(at).starts_with("-'")) {
      result += ' ';
      continue;
    }
    behind_code = false;
    result += c;
  }
  return result;
}

/// "(#5.1.1 - chkusr)", "(#5.7.1)": qmail and its heirs put it last.
std::string enhanced_behind_mark(std::string_view text) {
  for (auto at = text.find("(#"); at != std::string_view::npos; at = text.find("(#", at + 1)) {
    const auto query = read_codes_query(text.substr(at + 2, 10));
    if (query && !query->code && query->enhanced && query->enhanced->klass >= 4) {
      return query->enhanced->text();
    }
  }
  return {};
}

std::optional<FoundReply> reply_in_paragraph(std::string_view paragraph) {
  const auto text = usual_spelling(paragraph.substr(0, longest_paragraph));
  std::string_view rest = text;
  // A greeting of 220 may stand before the refusal.
  for (int round = 0; round < 4; ++round) {
    const auto query = read_codes_query(rest);
    if (!query) return std::nullopt;
    if (query->code && (*query->code < 400 || *query->code >= 600)) {
      const auto at = rest.find(std::to_string(*query->code));
      if (at == std::string_view::npos) return std::nullopt;
      rest.remove_prefix(at + 3);
      continue;
    }
    FoundReply reply;
    reply.code = query->code;
    if (query->enhanced && (query->enhanced->klass == 4 || query->enhanced->klass == 5)) {
      reply.enhanced = query->enhanced->text();
    } else if (reply.code) {
      reply.enhanced = enhanced_behind_mark(rest);
    }
    if (!reply.code && reply.enhanced.empty()) return std::nullopt;
    if (reply.code) reply.text = std::to_string(*reply.code);
    if (!reply.enhanced.empty()) reply.text += (reply.text.empty() ? "" : " ") + reply.enhanced;
    reply.text += ' ' + on_one_line(query->words, longest_reply);
    return reply;
  }
  return std::nullopt;
}

}  // namespace

bool has_refusal_code(std::string_view text, std::size_t at) {
  if (at + 3 > text.size() || (text[at] != '4' && text[at] != '5')) return false;
  if (at > 0 && (is_letter_or_digit(text[at - 1]) || text[at - 1] == '.')) return false;
  return is_digit(text[at + 1]) && is_digit(text[at + 2]) &&
         (at + 3 == text.size() || !is_letter_or_digit(text[at + 3]));
}

std::string on_one_line(std::string_view text, std::size_t longest) {
  std::string result;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (space && (result.empty() || result.back() == ' ')) continue;
    result += space ? ' ' : c;
    if (result.size() >= longest) break;
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::optional<FoundReply> find_reply(std::string_view text) {
  std::optional<FoundReply> best;
  while (!text.empty()) {
    // Paragraphs: a reply goes on in the next line, not behind an empty one.
    const auto end = std::min(text.find("\n\n"), text.find("\n\r\n"));
    const auto paragraph = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 2);
    auto reply = reply_in_paragraph(paragraph);
    if (!reply) continue;
    if (reply->code && !reply->enhanced.empty()) return reply;
    if (!best || (reply->code && !best->code)) best = std::move(reply);
  }
  return best;
}

}  // namespace postern
