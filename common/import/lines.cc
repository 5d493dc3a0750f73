#include "import/parts.h"
#include "model/text.h"
#include "postern/address.h"

#include <algorithm>

namespace postern::importer {

std::pair<std::string_view, std::string_view> first_word(std::string_view text) {
  text = trimmed(text);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  return {text.substr(0, end), trimmed(text.substr(end))};
}

std::vector<Statement> logical_lines(std::string_view text) {
  std::vector<Statement> lines;
  unsigned number = 0;
  while (!text.empty()) {
    ++number;
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto content = trimmed(line);
    if (content.empty() || content.front() == '#') continue;
    const bool goes_on = line.front() == ' ' || line.front() == '\t';
    if (goes_on && !lines.empty()) {
      lines.back().text += " " + std::string(content);
    } else {
      lines.push_back({number, std::string(content)});
    }
  }
  return lines;
}

std::string_view name_of(Keys keys) {
  switch (keys) {
    case Keys::client:
      return "client.name";
    case Keys::helo:
      return "helo";
    case Keys::sender:
      return "sender";
    case Keys::recipient:
      return "recipient";
  }
  return {};
}

std::string_view domain_name_of(Keys keys) {
  switch (keys) {
    case Keys::client:
      return "client.name";
    case Keys::helo:
      return "helo";
    case Keys::sender:
      return "sender.domain";
    case Keys::recipient:
      return "recipient.domain";
  }
  return {};
}

std::string network_of_prefix(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return address->text();
  const bool six = text.find(':') != std::string_view::npos;
  const char separator = six ? ':' : '.';
  const unsigned most = six ? 8 : 4;
  unsigned parts = 0;
  std::size_t begin = 0;
  std::string whole;
  while (begin <= text.size()) {
    const auto end = std::min(text.find(separator, begin), text.size());
    const auto part = text.substr(begin, end - begin);
    const bool good = !part.empty() && part.size() <= (six ? 4U : 3U) &&
                      part.find_first_not_of(six ? "0123456789abcdefABCDEF" : "0123456789") ==
                          std::string_view::npos;
    if (!good || ++parts > most) return {};
    whole += (whole.empty() ? "" : std::string(1, separator)) + std::string(part);
    begin = end + 1;
  }
  // One group is a word like any other.
  if (parts == most || (six && parts < 2)) return {};
  for (auto part = parts; part < most; ++part) whole += separator + std::string("0");
  const auto address = IpAddress::parse(whole);
  if (!address) return {};
  return Network::around(*address, parts * (six ? 16 : 8)).text();
}

}  // namespace postern::importer
