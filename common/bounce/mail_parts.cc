#include "bounce/mail_parts.h"

#include "model/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace postern {
namespace {

constexpr std::string_view mark = "postern mail parts 1\n";

void put(std::string& out, std::string_view octets) {
  out += std::to_string(octets.size());
  out += ':';
  out += octets;
}

void put(std::string& out, std::size_t number) { put(out, std::to_string(number)); }

/// Takes from the front what put() has written.
class Taker {
 public:
  explicit Taker(std::string_view encoded) : rest_(encoded) {}

  std::optional<std::string> octets() {
    std::size_t length = 0;
    const auto* const last = rest_.data() + rest_.size();
    const auto [end, error] = std::from_chars(rest_.data(), last, length);
    if (error != std::errc{} || end == last || *end != ':') return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()) + 1);
    if (length > rest_.size()) return std::nullopt;
    std::string taken(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return taken;
  }
  std::optional<std::size_t> number(std::size_t most) {
    const auto text = octets();
    if (!text) return std::nullopt;
    std::size_t value = 0;
    const auto* const last = text->data() + text->size();
    const auto [end, error] = std::from_chars(text->data(), last, value);
    if (error != std::errc{} || end != last || value > most) return std::nullopt;
    return value;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<MailPart> take_part(Taker& taker) {
  MailPart part;
  auto type = taker.octets();
  auto report_type = taker.octets();
  const auto within = taker.number(deepest_mail_part);
  const auto headers = taker.number(most_mail_headers);
  if (!type || !report_type || !within || !headers) return std::nullopt;
  part.type = std::move(*type);
  part.report_type = std::move(*report_type);
  part.within = *within;
  for (std::size_t i = 0; i < *headers; ++i) {
    auto name = taker.octets();
    auto value = taker.octets();
    if (!name || !value) return std::nullopt;
    part.headers.push_back({std::move(*name), std::move(*value)});
  }
  auto text = taker.octets();
  if (!text) return std::nullopt;
  part.text = std::move(*text);
  return part;
}

/// The name of a field, in small letters, when `line` is one (RFC 5322 2.2).
std::string field_name(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 70) return {};
  const auto name = line.substr(0, colon);
  const bool fits =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
  return fits ? lower(name) : std::string();
}

}  // namespace

std::string encode(const MailParts& mail) {
  std::string out(mark);
  put(out, mail.cut ? std::size_t{1} : std::size_t{0});
  put(out, mail.parts.size());
  for (const auto& part : mail.parts) {
    put(out, part.type);
    put(out, part.report_type);
    put(out, part.within);
    put(out, part.headers.size());
    for (const auto& header : part.headers) {
      put(out, header.name);
      put(out, header.value);
    }
    put(out, part.text);
  }
  return out;
}

std::optional<MailParts> mail_parts_from(std::string_view encoded) {
  if (!encoded.starts_with(mark)) return std::nullopt;
  Taker taker(encoded.substr(mark.size()));
  MailParts mail;
  const auto cut = taker.number(1);
  const auto count = taker.number(most_mail_parts);
  if (!cut || !count) return std::nullopt;
  mail.cut = *cut != 0;
  for (std::size_t i = 0; i < *count; ++i) {
    auto part = take_part(taker);
    if (!part) return std::nullopt;
    mail.parts.push_back(std::move(*part));
  }
  if (!taker.at_end()) return std::nullopt;
  return mail;
}

bool looks_like_mail(std::string_view text) {
  // Those of which every mail has some; a pasted line of a log may have a colon too.
  constexpr std::array<std::string_view, 11> usual{
      "received",           "from",        "to",           "subject",      "date",
      "message-id",         "return-path", "mime-version", "content-type", "delivered-to",
      "x-failed-recipients"};
  const auto start = text.find_first_not_of("\r\n");
  if (start == std::string_view::npos) return false;
  text.remove_prefix(start);
  // As in a file of mails (mbox).
  if (text.starts_with("From ")) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  std::size_t known = 0;
  bool field_before = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (field_before && (line.front() == ' ' || line.front() == '\t')) continue;
    const auto name = field_name(line);
    if (name.empty()) break;
    field_before = true;
    if (std::find(usual.begin(), usual.end(), name) != usual.end() && ++known == 3) return true;
  }
  return known >= 2 && field_before;
}

}  // namespace postern
