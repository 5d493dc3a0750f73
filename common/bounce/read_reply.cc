#include "bounce/read_reply.h"

#include "bounce/failure_text.h"
#include "bounce/reply_in_text.h"
#include "model/reference_in_text.h"
#include "model/text.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

/// Without the marks by which mail programs quote a line.
std::string unquoted(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    while (line.starts_with('>') || line.starts_with("| ") || line.starts_with(" >")) {
      line.remove_prefix(1);
      if (line.starts_with(' ')) line.remove_prefix(1);
    }
    result.append(line) += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// Whether there is more to a mail than that somebody speaks of a reply.
bool quotes_a_bounce(std::string_view text) {
  if (text.starts_with('>') || text.find("\n>") != text.npos || text.find("\n| ") != text.npos) {
    return true;
  }
  const auto small = lower(text);
  for (const std::string_view words :
       {"said:", "forwarded message", "original message", "in reply to rcpt to",
        "in reply to end of data", "in reply to mail from"}) {
    if (small.find(words) != small.npos) return true;
  }
  return false;
}

void add_reference(BouncedRecipient& recipient) {
  const auto references = find_references(recipient.reply, 1);
  if (!references.empty()) recipient.reference = references.front();
}

}  // namespace

std::optional<Bounce> read_reply(std::string_view text) {
  const auto plain = unquoted(text.substr(0, longest_failure_text));
  const auto reply = find_reply(plain);
  if (!reply) return std::nullopt;
  Bounce bounce;
  bounce.kind = Bounce::Kind::reply;
  bounce.recipients = failures_in(plain, {}, {});
  std::erase_if(bounce.recipients, [](const BouncedRecipient& each) { return each.reply.empty(); });
  if (bounce.recipients.empty()) {
    BouncedRecipient recipient;
    recipient.action = "failed";
    recipient.reply = reply->text;
    recipient.code = reply->code;
    recipient.enhanced = reply->enhanced;
    bounce.recipients.push_back(std::move(recipient));
  }
  for (auto& recipient : bounce.recipients) add_reference(recipient);
  bounce.references = find_references(plain);
  bounce.mistyped = mistyped_references(plain);
  return bounce;
}

bool read_forwarded(Bounce& bounce, std::string_view text, const std::vector<std::string>& own) {
  if (!quotes_a_bounce(text)) return false;
  const auto plain = unquoted(text);
  auto recipients = failures_in(plain, {}, own);
  // An address alone, or a number beside it, stands in many a mail.
  std::erase_if(recipients,
                [](const BouncedRecipient& each) { return !each.code || each.enhanced.empty(); });
  if (recipients.empty()) return false;
  bounce.kind = Bounce::Kind::text;
  bounce.recipients = std::move(recipients);
  for (auto& recipient : bounce.recipients) add_reference(recipient);
  return true;
}

}  // namespace postern
