#include "journal/sent_reply.h"

#include <algorithm>
#include <string_view>

namespace postern {

std::string code_as_sent(const Record& record) {
  if (record.sent && !record.sent->expected.empty()) {
    const std::string& line = record.sent->expected.front();
    std::string code = line.substr(0, 3);
    const auto end = std::min(line.find_first_not_of("0123456789.", 4), line.size());
    if (line.size() > 5 && line[5] == '.' && end > 4) code += ' ' + line.substr(4, end - 4);
    return code;
  }
  return record.decision.reply ? record.decision.reply->form().text() : std::string();
}

std::string text_as_sent(const Record& record) {
  std::string text;
  if (!record.sent) return text;
  for (const auto& line : record.sent->expected) {
    // "550-5.1.1 text" and "550 5.1.1 text".
    std::string_view rest = line;
    rest.remove_prefix(std::min<std::size_t>(4, rest.size()));
    if (rest.size() > 1 && rest[1] == '.') {
      rest.remove_prefix(std::min(rest.find(' '), rest.size()));
      if (!rest.empty()) rest.remove_prefix(1);
    }
    if (!text.empty()) text += ' ';
    text += rest;
  }
  return text;
}

}  // namespace postern
