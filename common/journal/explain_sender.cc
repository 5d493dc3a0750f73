#include "journal/explain_parts.h"
#include "journal/hidden_values.h"
#include "journal/timestamp.h"
#include "reply/codes_own.h"

#include <algorithm>

namespace postern {
namespace {

std::string who_we_are(const Record& record) {
  return record.host.empty() ? std::string("The receiving mail server") : record.host;
}

/// The answer as the client saw it, as one text.
std::string spoken(const Record& record) {
  std::string text;
  for (const auto& line : record.sent->expected) text += line + '\n';
  return text;
}

/// Help for the reason, if the answer itself has told the reason: whoever gave a rule words of its
/// own may have wanted it untold.
std::string_view help_that_is_told(const Record& record) {
  if (record.decision.reason == nullptr || !record.sent) return {};
  const auto query = read_codes_query(spoken(record));
  if (!query || own_reason(*query) != record.decision.reason) return {};
  return record.decision.reason->sender_help;
}

/// That of a repeat shows in what was sent again.
Verdict verdict_of(const Record& record) {
  if (record.kind == RecordKind::decision) return record.decision.verdict;
  if (!record.sent || record.sent->expected.empty()) return Verdict::pass;
  const auto& reply = record.sent->expected.front();
  if (reply.starts_with('5')) return Verdict::reject;
  return reply.starts_with('4') ? Verdict::defer : Verdict::pass;
}

std::string_view general_help(Verdict verdict) {
  return verdict == Verdict::defer
             ? "Nothing is lost and there is nothing to do yet. Your mail server tries again by "
               "itself, as a rule for some days, and tells you if it gives up."
             : "Sending the same message again does not help. Do what the answer above says, or "
               "ask the administrator it names, and give the reference.";
}

/// Not from whom the message was, nor to whom, nor through which server: whoever refers to it
/// knows, and anybody can make up a reference and ask about it. The time is part of the reference.
void tell_when(Page& page, const Transaction& transaction) {
  std::string when = timestamp(transaction.time);
  when[when.find('T')] = ' ';
  when.resize(std::min(when.find_first_of(".Z"), when.size()));
  page.field("When", when + " UTC");
}

}  // namespace

void tell_sender(Page& page, const Record& record) {
  const auto verdict = verdict_of(record);
  const bool refused = verdict == Verdict::reject || verdict == Verdict::defer;
  std::string title = "About your message";
  if (!record.transaction.reference.empty()) {
    title += ", reference " + record.transaction.reference.text();
  }
  page.headline(title, Tone::plain);
  page.blank();
  tell_when(page, record.transaction);
  page.blank();
  // Accepted, held or discarded: the same words, or whoever sends junk would learn which.
  if (!refused) {
    page.paragraph(who_we_are(record) +
                       " did not refuse this message. If it has not arrived, ask the recipient: "
                       "what becomes of a message behind our mail server is not told to the "
                       "outside.",
                   0);
    return;
  }
  page.paragraph(who_we_are(record) +
                     (verdict == Verdict::reject
                          ? " refused this message, and for good."
                          : " did not take this message yet, and asked your mail server to try "
                            "again later."),
                 0);
  if (record.sent && !record.sent->expected.empty()) {
    page.section("What we answered");
    // A keyed hash is nothing for the outside, and the sender has never seen it.
    for (const auto& line : record.sent->expected) page.verbatim(without_hidden(line));
  }
  page.section("What you can do");
  const auto help = help_that_is_told(record);
  page.paragraph(help.empty() ? general_help(verdict) : help, 2);
}

}  // namespace postern
