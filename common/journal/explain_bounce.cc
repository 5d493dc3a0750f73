#include "journal/explain_bounce.h"

#include "journal/json_writer.h"
#include "journal/page.h"
#include "model/text.h"
#include "reply/codes_explanation.h"
#include "reply/codes_json.h"
#include "reply/codes_phrases.h"
#include "reply/codes_text.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace postern {
namespace {

// A bounce of a mailing list may name thousands; nobody reads that far, and JSON has them all.
constexpr std::size_t most_told = 50;

std::optional<Explanation> explanation_of(const BouncedRecipient& recipient) {
  const auto query = read_codes_query(recipient.reply);
  if (!query) return std::nullopt;
  return find_out(*query);
}

/// What a text without codes speaks of; nullptr when no words are known.
const Reason* reason_by_words(const BouncedRecipient& recipient) {
  const auto phrases = phrases_in(searchable_words(recipient.diagnostic));
  return phrases.empty() ? nullptr : find_reason(phrases.front()->reason);
}

std::string upper_first(std::string_view text) {
  std::string result(text);
  if (!result.empty() && result[0] >= 'a' && result[0] <= 'z') {
    result[0] = static_cast<char>(result[0] - 'a' + 'A');
  }
  return result;
}

/// With a full stop, whoever wrote it.
std::string sentence(std::string_view text) {
  auto result = upper_first(text);
  if (!result.empty() && result.back() != '.') result += '.';
  return result;
}

std::string meaning_of(const Explanation& e) {
  if (e.likely != nullptr) return sentence(e.likely->what);
  if (!e.cause.empty()) return sentence(e.cause);
  if (e.entry != nullptr) return sentence(e.entry->meaning);
  return e.basic == nullptr ? std::string() : sentence(e.basic->meaning);
}

char class_of(const BouncedRecipient& recipient) {
  if (recipient.code) return static_cast<char>('0' + *recipient.code / 100);
  return recipient.enhanced.empty() ? '\0' : recipient.enhanced.front();
}

std::string outcome(const BouncedRecipient& recipient, Bounce::Kind kind) {
  std::string text;
  const bool temporary = class_of(recipient) == '4';
  if (kind == Bounce::Kind::reply) {
    text = temporary ? "refused for now; whoever sends tries again" : "refused for good";
  } else if (recipient.action == "delayed") {
    text = "not delivered yet; the server named above tries again by itself";
  } else if (recipient.action == "delivered") {
    text = "delivered";
  } else if (recipient.action == "relayed") {
    text = "handed on to a server that does not report deliveries";
  } else if (recipient.action == "expanded") {
    text = "delivered to a list, which has sent it on";
  } else {
    text = "not delivered, and it will not be tried again";
  }
  std::string codes;
  if (recipient.code) codes = std::to_string(*recipient.code);
  if (!recipient.enhanced.empty()) codes += (codes.empty() ? "" : " ") + recipient.enhanced;
  if (!codes.empty()) text += " (" + codes + ')';
  if (temporary && recipient.action == "failed" && kind != Bounce::Kind::reply) {
    text += "; the reason was temporary, but time has run out";
  }
  return upper_first(text) + '.';
}

std::string what_it_is(const Bounce& bounce) {
  switch (bounce.kind) {
    case Bounce::Kind::report:
      return "A delivery report (RFC 3464)";
    case Bounce::Kind::text:
      return "A bounce without a report for programs; recipients and replies were looked for in "
             "its text and may be wrong";
    case Bounce::Kind::complaint:
      return "A complaint (feedback report, RFC 5965): the mail was delivered, and its reader, or "
             "a filter, has reported it";
    case Bounce::Kind::reply:
      return bounce.references.empty() ? "A reply of a mail server, without a reference of ours"
                                       : "A reply of a mail server";
    case Bounce::Kind::none:
      break;
  }
  return "No bounce: this is " + bounce.why;
}

void tell_head(Page& page, const Bounce& bounce) {
  page.headline(what_it_is(bounce) + '.',
                bounce.kind == Bounce::Kind::none ? Tone::plain : Tone::waiting);
  const bool has_fields =
      !(bounce.reporting_mta.empty() && bounce.feedback_type.empty() && bounce.arrival.empty() &&
        bounce.subject.empty() && bounce.message_id.empty());
  if (bounce.kind == Bounce::Kind::none || !has_fields) return;
  page.blank();
  page.field(bounce.kind == Bounce::Kind::complaint ? "Made by" : "Reported by",
             bounce.reporting_mta);
  page.field("Complaint", bounce.feedback_type);
  page.field("Came in", bounce.arrival);
  page.field("Subject", bounce.subject);
  page.field("Message-Id", bounce.message_id);
}

/// A text that was folded for the whole width, folded anew further in. Lines of one paragraph stand
/// equally far in; those of an item stand behind its hyphen.
void tell_whole(Page& page, const std::string& text) {
  constexpr std::size_t further = 4;
  std::string paragraph;
  std::size_t begins = 0;
  std::size_t goes_on = 0;
  const auto end = [&] {
    if (!paragraph.empty()) page.paragraph(paragraph, further + begins, further + goes_on);
    paragraph.clear();
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto words = trimmed(line);
    const auto indent = std::min(line.find_first_not_of(' '), line.size());
    const bool item = words.starts_with("- ");
    if (paragraph.empty() || words.empty() || item || indent != goes_on) {
      end();
      begins = indent;
      goes_on = item ? indent + 2 : indent;
      paragraph = words;
      if (words.empty()) page.blank();
    } else {
      (paragraph += ' ') += words;
    }
  }
  end();
}

void tell_meaning(Page& page, const BouncedRecipient& recipient, const ExplainOptions& options) {
  const auto explanation = explanation_of(recipient);
  if (!explanation) {
    if (const auto* reason = reason_by_words(recipient)) {
      page.field("Means", sentence(reason->what) + " So say its words; it has no codes.");
      page.field("To do", reason->sender_help);
    } else {
      page.field("Means", "No code and no words that are known here. Ask who wrote it.");
    }
    return;
  }
  page.field("Means", meaning_of(*explanation));
  page.field("Who must act", sentence(explanation->who));
  page.field("To do", explanation->what_to_do);
  if (options.voice != Voice::admin) return;
  page.section("  All that is known of this reply");
  tell_whole(page, text_of(*explanation));
}

ReferenceState state_of(const BounceReferences& known, const Reference& reference) {
  const auto found = known.find(reference.text());
  return found == known.end() ? ReferenceState::not_looked_for : found->second;
}

std::string reference_text(const Reference& reference, ReferenceState state) {
  switch (state) {
    case ReferenceState::found:
      return reference.text() + ", ours";
    case ReferenceState::not_found:
      return reference.text() +
             ", looks like ours, but is not in this journal: it is of another of our servers, its "
             "record is gone, or it only looks so";
    case ReferenceState::not_read:
      return reference.text() +
             ", looks like ours; not all of the journal could be read, and the rest has nothing of "
             "it";
    case ReferenceState::not_looked_for:
      break;
  }
  return reference.text() + ", looks like ours";
}

/// Those that stand with no recipient.
void tell_other_references(Page& page, const Bounce& bounce, const BounceReferences& known) {
  bool first = true;
  for (const auto& reference : bounce.references) {
    const bool told = std::any_of(
        bounce.recipients.begin(), bounce.recipients.end(),
        [&](const BouncedRecipient& recipient) { return recipient.reference == reference; });
    if (told) continue;
    if (std::exchange(first, false)) page.blank();
    page.field("Reference", reference_text(reference, state_of(known, reference)));
  }
}

void tell_mistyped(Page& page, const Bounce& bounce) {
  if (bounce.mistyped.empty()) return;
  page.blank();
  for (const auto& text : bounce.mistyped) {
    page.field("Reference", text +
                                ", looks like ours, but one of its characters was misread or "
                                "mistyped: the last one checks the others, and does not fit");
  }
}

void tell_recipient(Page& page, const Bounce& bounce, const BouncedRecipient& recipient,
                    const ExplainOptions& options, const BounceReferences& known) {
  page.section(recipient.address.empty() ? std::string("The reply")
                                         : "Recipient <" + recipient.address + '>');
  if (!recipient.original.empty()) page.field("Written to", '<' + recipient.original + '>');
  if (bounce.kind == Bounce::Kind::complaint) return;
  page.field("What", outcome(recipient, bounce.kind));
  if (options.voice != Voice::sender) page.field("Said by", recipient.remote_mta);
  page.field("In its words", recipient.diagnostic.empty() ? recipient.reply : recipient.diagnostic);
  if (recipient.reference) {
    page.field("Reference",
               reference_text(*recipient.reference, state_of(known, *recipient.reference)));
  }
  if (recipient.action != "delivered" && recipient.action != "relayed" &&
      recipient.action != "expanded") {
    tell_meaning(page, recipient, options);
  }
}

std::string bounce_text(const Bounce& bounce, const ExplainOptions& options,
                        const BounceReferences& known) {
  Page page(options.paint);
  tell_head(page, bounce);
  for (std::size_t i = 0; i < std::min(bounce.recipients.size(), most_told); ++i) {
    tell_recipient(page, bounce, bounce.recipients[i], options, known);
  }
  if (bounce.recipients.size() > most_told) {
    page.blank();
    page.paragraph("And " + std::to_string(bounce.recipients.size() - most_told) +
                       " recipients more, which --json names.",
                   0);
  }
  tell_other_references(page, bounce, known);
  tell_mistyped(page, bounce);
  if (bounce.cut) {
    page.blank();
    page.paragraph("The mail was too long or had too many parts; only its beginning was read.", 0);
  }
  return page.take();
}

std::string_view kind_word(Bounce::Kind kind) {
  switch (kind) {
    case Bounce::Kind::report:
      return "report";
    case Bounce::Kind::text:
      return "text";
    case Bounce::Kind::complaint:
      return "complaint";
    case Bounce::Kind::reply:
      return "reply";
    case Bounce::Kind::none:
      break;
  }
  return "none";
}

/// Line feeds stand between members only; in texts they are escaped.
std::string on_one_line(std::string_view json) {
  std::string line;
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (json[at] == '\n') {
      at = std::min(json.find_first_not_of(" \n", at), json.size()) - 1;
    } else {
      line += json[at];
    }
  }
  return line;
}

void write(JsonWriter& json, const BouncedRecipient& recipient) {
  json.begin_object();
  json.member("address", recipient.address);
  json.member_unless_empty("original", recipient.original);
  json.member_unless_empty("action", recipient.action);
  json.member_unless_empty("status", recipient.status);
  json.member_unless_empty("diagnostic_type", recipient.diagnostic_type);
  json.member_unless_empty("diagnostic", recipient.diagnostic);
  json.member_unless_empty("remote_mta", recipient.remote_mta);
  json.member_unless_empty("reply", recipient.reply);
  if (recipient.code) json.member("code", *recipient.code);
  json.member_unless_empty("enhanced", recipient.enhanced);
  if (recipient.reference) json.member("reference", recipient.reference->text());
  if (const auto explanation = explanation_of(recipient)) {
    json.key("meaning").raw(on_one_line(json_text_of(*explanation)));
  }
  json.end_object();
}

std::string bounce_json(const Bounce& bounce, const BounceReferences& known) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("kind", kind_word(bounce.kind));
  json.member_unless_empty("why", bounce.why);
  json.member_unless_empty("reported_by", bounce.reporting_mta);
  json.member_unless_empty("arrival", bounce.arrival);
  json.member_unless_empty("feedback_type", bounce.feedback_type);
  json.member_unless_empty("subject", bounce.subject);
  json.member_unless_empty("message_id", bounce.message_id);
  json.key("recipients").begin_array();
  for (const auto& recipient : bounce.recipients) write(json, recipient);
  json.end_array();
  json.key("references").begin_array();
  for (const auto& reference : bounce.references) json.string(reference.text());
  json.end_array();
  json.key("found").begin_array();
  for (const auto& reference : bounce.references) {
    if (state_of(known, reference) == ReferenceState::found) json.string(reference.text());
  }
  json.end_array();
  if (!bounce.mistyped.empty()) {
    json.key("mistyped").begin_array();
    for (const auto& text : bounce.mistyped) json.string(text);
    json.end_array();
  }
  if (bounce.cut) json.key("cut").boolean(true);
  json.end_object();
  out += '\n';
  return out;
}

// Somebody may build a page for senders on it, so nothing may be in it that the text leaves out.
std::string bounce_json_for_sender(const Bounce& bounce, const ExplainOptions& options,
                                   const BounceReferences& known) {
  auto plain = options;
  plain.paint = Paint::none;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("kind", kind_word(bounce.kind));
  json.member("text", bounce_text(bounce, plain, known));
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace

std::string explain_bounce(const Bounce& bounce, const ExplainOptions& options,
                           const BounceReferences& known) {
  if (options.format == ExplainFormat::text) return bounce_text(bounce, options, known);
  return options.voice == Voice::sender ? bounce_json_for_sender(bounce, options, known)
                                        : bounce_json(bounce, known);
}

}  // namespace postern
