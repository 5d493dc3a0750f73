#include "bounce/bounce.h"
#include "bounce/failure_text.h"
#include "bounce/read_reply.h"
#include "bounce/reply_in_text.h"
#include "bounce/report_fields.h"
#include "model/reference_in_text.h"
#include "model/text.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace postern {
namespace {

bool contains(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

std::string header(const MailPart& message, std::string_view name) {
  const auto found =
      std::find_if(message.headers.begin(), message.headers.end(),
                   [name](const MailHeader& each) { return lower(each.name) == name; });
  return found == message.headers.end() ? std::string() : found->value;
}

bool is_status_report(const MailPart& part) {
  return part.type == "message/delivery-status" || part.type == "message/global-delivery-status";
}

/// Every reference in `text`, added once.
void add_references(std::vector<Reference>& references, std::string_view text) {
  for (const auto& reference : find_references(text)) {
    if (std::find(references.begin(), references.end(), reference) == references.end()) {
      references.push_back(reference);
    }
  }
}

std::optional<Reference> reference_of(std::string_view text) {
  const auto references = find_references(text, 1);
  return references.empty() ? std::nullopt : std::optional(references.front());
}

/// Says less than any other code of its class.
bool says_nothing(std::string_view status) { return status.empty() || status.substr(1) == ".0.0"; }

BouncedRecipient recipient_of(const ReportGroup& group) {
  BouncedRecipient recipient;
  recipient.address = report_address(field_value(group, "final-recipient"));
  const auto original = report_address(field_value(group, "original-recipient"));
  if (recipient.address.empty()) {
    recipient.address = original;
  } else if (lower(original) != lower(recipient.address)) {
    recipient.original = original;
  }
  if (recipient.address.empty()) {
    recipient.address = report_address(field_value(group, "x-actual-recipient"));
  }
  recipient.action = lower(field_value(group, "action"));
  // "failed (no such user)": comments may stand anywhere (RFC 3464 2.1).
  recipient.action.resize(std::min(recipient.action.find_first_of(" ("), recipient.action.size()));
  recipient.status = status_code(field_value(group, "status"));
  auto [type, diagnostic] = typed_value(field_value(group, "diagnostic-code"));
  recipient.diagnostic_type = std::move(type);
  recipient.diagnostic = std::move(diagnostic);
  recipient.remote_mta = typed_value(field_value(group, "remote-mta")).value;
  recipient.reference = reference_of(recipient.diagnostic);
  if (const auto reply = find_reply(recipient.diagnostic)) {
    recipient.reply = reply->text;
    recipient.code = reply->code;
    recipient.enhanced = reply->enhanced;
  }
  return recipient;
}

bool is_failure(const BouncedRecipient& recipient) {
  return recipient.action != "delivered" && recipient.action != "relayed" &&
         recipient.action != "expanded";
}

/// Whether a text is about a recipient only if it names it.
enum class Naming : std::uint8_t { needed, needless };

/// What people are told often says more than what programs are told.
void add_from_text(BouncedRecipient& recipient, std::string_view text, Naming naming) {
  if (text.empty() || !is_failure(recipient)) return;
  if (recipient.code && !recipient.enhanced.empty()) return;
  std::vector<std::string> known{recipient.address};
  if (naming == Naming::needed && !contains(lower(text), lower(recipient.address))) return;
  const auto found = failures_in(text, known, {});
  if (found.empty() || found.front().reply.empty()) return;
  const auto& more = found.front();
  if (!recipient.code) {
    if (recipient.reply.empty() || !more.enhanced.empty()) recipient.reply = more.reply;
    recipient.code = more.code;
    if (recipient.enhanced.empty()) recipient.enhanced = more.enhanced;
  } else if (recipient.enhanced.empty() && more.code == recipient.code && !more.enhanced.empty()) {
    recipient.reply = more.reply;
    recipient.enhanced = more.enhanced;
  }
  if (!recipient.reference) recipient.reference = reference_of(more.reply);
}

void settle(BouncedRecipient& recipient) {
  if (says_nothing(recipient.enhanced) && !recipient.status.empty()) {
    recipient.enhanced = recipient.status;
  }
  // Without a reply the status alone can be looked up.
  if (recipient.reply.empty() && !recipient.enhanced.empty()) {
    recipient.reply = recipient.enhanced + ' ' + recipient.diagnostic;
  } else if (recipient.code && !recipient.enhanced.empty() &&
             !contains(recipient.reply, recipient.enhanced) &&
             recipient.enhanced.front() == recipient.reply.front() &&
             !says_nothing(recipient.enhanced)) {
    recipient.reply.insert(3, ' ' + recipient.enhanced);
  }
}

/// The texts for people of the mail `within`, what stands before a returned copy.
std::string text_for_people(const MailParts& mail, std::size_t within) {
  std::string plain;
  std::string html;
  for (const auto& part : mail.parts) {
    if (part.within != within) continue;
    if (part.type == "text/plain") plain += part.text + '\n';
    if (part.type == "text/html") html += text_of_html(part.text) + '\n';
  }
  auto& text = plain.find_first_not_of(" \t\r\n") == std::string::npos ? html : plain;
  text.resize(std::min(text.size(), longest_failure_text));
  return text;
}

void tell_of_returned_mail(Bounce& bounce, const MailPart& message) {
  if (!bounce.subject.empty() || !bounce.message_id.empty()) return;
  bounce.subject = header(message, "subject");
  bounce.message_id = header(message, "message-id");
}

/// Where fields for programs begin in a text whose parts have come apart; its end: nowhere.
std::size_t fields_in_text(std::string_view text) {
  for (const std::string_view name : {"reporting-mta:", "final-recipient:"}) {
    const auto small = lower(text);
    for (auto at = small.find(name); at != std::string::npos; at = small.find(name, at + 1)) {
      if (at == 0 || small[at - 1] == '\n') return at;
    }
  }
  return text.size();
}

void read_report(Bounce& bounce, const MailParts& mail, std::size_t index) {
  const auto& report = mail.parts[index];
  bounce.kind = Bounce::Kind::report;
  const std::string_view fields = report.text;
  const auto groups =
      report_groups(is_status_report(report) ? fields : fields.substr(fields_in_text(fields)));
  for (const auto& group : groups) {
    if (bounce.reporting_mta.empty()) {
      bounce.reporting_mta = typed_value(field_value(group, "reporting-mta")).value;
    }
    if (bounce.arrival.empty()) bounce.arrival = field_value(group, "arrival-date");
    // Some servers have no empty line between the fields of the mail and those of its recipients.
    auto recipient = recipient_of(group);
    if (recipient.address.empty() && recipient.action.empty() && recipient.status.empty()) continue;
    if (bounce.recipients.size() == most_bounced_recipients) {
      bounce.cut = true;
      break;
    }
    bounce.recipients.push_back(std::move(recipient));
  }
  const auto text = text_for_people(mail, report.within);
  const auto before_copy =
      without_returned_mail(std::string_view(text).substr(0, fields_in_text(text)));
  const auto naming = bounce.recipients.size() == 1 ? Naming::needless : Naming::needed;
  // Looking through the text for each of a thousand recipients would take its time.
  constexpr std::size_t most_looked_for = 50;
  for (std::size_t i = 0; i < bounce.recipients.size(); ++i) {
    auto& recipient = bounce.recipients[i];
    if (i < most_looked_for) add_from_text(recipient, before_copy, naming);
    settle(recipient);
  }
  for (std::size_t i = index; i < mail.parts.size(); ++i) {
    const auto& part = mail.parts[i];
    if (part.within > report.within && part.type == "message/rfc822") {
      tell_of_returned_mail(bounce, part);
      break;
    }
    if (part.type == "text/rfc822-headers" || part.type == "message/global-headers") {
      for (const auto& group : report_groups(part.text)) {
        bounce.subject = field_value(group, "subject");
        bounce.message_id = field_value(group, "message-id");
        break;
      }
      break;
    }
  }
}

void read_complaint(Bounce& bounce, const MailPart& report) {
  bounce.kind = Bounce::Kind::complaint;
  for (const auto& group : report_groups(report.text)) {
    for (const auto& field : group) {
      if (field.name == "feedback-type") bounce.feedback_type = field.value;
      if (field.name == "user-agent") bounce.reporting_mta = field.value;
      if (field.name == "arrival-date" || field.name == "received-date") {
        bounce.arrival = field.value;
      }
      if ((field.name == "original-rcpt-to" || field.name == "removal-recipient") &&
          bounce.recipients.size() < most_bounced_recipients) {
        BouncedRecipient recipient;
        recipient.address = report_address(field.value);
        bounce.recipients.push_back(std::move(recipient));
      }
    }
  }
}

/// Names that programs send notifications with.
bool is_notifier(std::string_view from) {
  const auto name = lower(from);
  for (const std::string_view words :
       {"mailer-daemon", "postmaster", "mail delivery", "mailerdaemon", "mail-daemon", "daemon@",
        "mail administrator", "mail.local", "no-reply", "noreply", "bounce", "fml-admin",
        "mail system", "mail server"}) {
    if (contains(name, words)) return true;
  }
  return false;
}

bool is_failure_subject(std::string_view subject) {
  const auto text = lower(subject);
  for (const std::string_view words : {"undeliver",
                                       "delivery failure",
                                       "delivery fail",
                                       "failure notice",
                                       "failed delivery",
                                       "returned mail",
                                       "delivery status notification",
                                       "delivery notification",
                                       "mail delivery",
                                       "non-delivery",
                                       "nondelivery",
                                       "non delivery",
                                       "could not be delivered",
                                       "not delivered",
                                       "delivery error",
                                       "mail system error",
                                       "delivery problem",
                                       "message you sent",
                                       "delivery has failed",
                                       "returning message",
                                       "returned message",
                                       "failure delivery",
                                       "mail failure",
                                       "rejected mail",
                                       "mail could not",
                                       "delayed mail",
                                       "message delayed",
                                       "delivery incomplete",
                                       "user unknown",
                                       "unknown user",
                                       "unzustellbar",
                                       "undelivery",
                                       "error mail",
                                       "dsn:",
                                       "can't be delivered",
                                       "email could not be delivered",
                                       "mail error",
                                       "warning: could not send",
                                       "message not sent",
                                       "delivery report",
                                       "delivery delayed"}) {
    if (contains(text, words)) return true;
  }
  return false;
}

/// What notifications say in their text, whatever their subject.
bool is_failure_text(std::string_view words) {
  const auto text = lower(words);
  for (const std::string_view phrase :
       {"could not be delivered", "could not deliver", "unable to deliver", "cannot be delivered",
        "can not be delivered", "was not delivered", "wasn't able to deliver", "delivery failed",
        "delivery has failed", "failed permanently", "failed addresses", "undeliverable",
        "not been delivered", "did not reach"}) {
    if (contains(text, phrase)) return true;
  }
  return false;
}

std::vector<std::string> own_addresses(const MailPart& message) {
  std::vector<std::string> own;
  for (const auto* name : {"to", "from", "reply-to", "return-path", "delivered-to", "x-original-to",
                           "errors-to", "sender", "cc"}) {
    for (auto& address : addresses_in(header(message, name))) own.push_back(std::move(address));
  }
  return own;
}

std::vector<std::string> failed_by_header(const MailPart& message) {
  std::vector<std::string> failed;
  for (const auto& each : message.headers) {
    const auto name = lower(each.name);
    if (name != "x-failed-recipients" && name != "x-failed-recipient") continue;
    for (auto& address : addresses_in(each.value)) failed.push_back(std::move(address));
  }
  return failed;
}

/// To: of the returned mail, if it went to one alone.
std::vector<std::string> only_recipient(const MailParts& mail, std::string_view copy) {
  for (const auto& part : mail.parts) {
    if (part.within != 1 || part.type != "message/rfc822") continue;
    auto to = addresses_in(header(part, "to"));
    if (to.size() == 1) return to;
  }
  for (const auto& group : report_groups(copy)) {
    auto to = addresses_in(field_value(group, "to"));
    if (to.size() == 1) return to;
    break;
  }
  return {};
}

/// True when a text for people alone told of a failure.
bool read_text(Bounce& bounce, const MailParts& mail) {
  const auto& message = mail.parts.front();
  const auto failed = failed_by_header(message);
  const auto automatic = lower(header(message, "auto-submitted"));
  const bool notifies =
      is_notifier(header(message, "from")) || header(message, "return-path").starts_with("<>");
  const auto text = text_for_people(mail, 0);
  const auto before_copy = without_returned_mail(text);
  const bool fails =
      is_failure_subject(header(message, "subject")) || (notifies && is_failure_text(before_copy));
  if (failed.empty() && !fails && !notifies) {
    const bool answers = automatic.starts_with("auto-replied") ||
                         !header(message, "x-autoreply").empty() ||
                         lower(header(message, "precedence")) == "auto_reply";
    if (!answers && read_forwarded(bounce, before_copy, own_addresses(message))) return true;
    bounce.why = answers ? "an automatic answer, such as those of people on holiday"
                         : "a mail like any other";
    return false;
  }
  const auto copy = returned_mail_in(text);
  auto own = own_addresses(message);
  bounce.recipients = failures_in(before_copy, failed, own);
  if (bounce.recipients.empty()) {
    const auto only = only_recipient(mail, copy);
    // A reply, or at least a subject that says so: an address alone proves nothing.
    if (!only.empty() && (find_reply(before_copy) || fails)) {
      bounce.recipients = failures_in(before_copy, only, {});
    }
  }
  if (bounce.recipients.empty() ||
      (failed.empty() && !fails && bounce.recipients.front().reply.empty())) {
    bounce.recipients.clear();
    bounce.why = notifies || fails
                     ? "a notification that names nobody to whom a mail could not be delivered"
                     : "a mail like any other";
    return false;
  }
  bounce.kind = Bounce::Kind::text;
  for (auto& recipient : bounce.recipients) {
    recipient.reference = reference_of(recipient.reply);
    settle(recipient);
  }
  for (const auto& part : mail.parts) {
    if (part.within == 1 && part.type == "message/rfc822") tell_of_returned_mail(bounce, part);
  }
  if (bounce.subject.empty() && !copy.empty()) {
    for (const auto& group : report_groups(copy)) {
      bounce.subject = field_value(group, "subject");
      bounce.message_id = field_value(group, "message-id");
      break;
    }
  }
  return true;
}

}  // namespace

Bounce read_bounce(const MailParts& mail) {
  Bounce bounce;
  bounce.cut = mail.cut;
  bounce.why = "a mail like any other";
  if (mail.parts.empty()) return bounce;
  // The outermost one: a bounce may return another bounce.
  std::optional<std::size_t> report;
  std::optional<std::size_t> complaint;
  for (std::size_t i = 0; i < mail.parts.size(); ++i) {
    const auto& part = mail.parts[i];
    const auto outer = [&](const std::optional<std::size_t>& found) {
      return !found || part.within < mail.parts[*found].within;
    };
    if (is_status_report(part) && !report_groups(part.text).empty() && outer(report)) report = i;
    if (part.type == "message/feedback-report" && outer(complaint)) complaint = i;
  }
  const bool complains =
      complaint && (!report || mail.parts[*complaint].within <= mail.parts[*report].within);
  if (complains) {
    read_complaint(bounce, mail.parts[*complaint]);
  } else {
    if (!report) {
      for (std::size_t i = 0; i < mail.parts.size() && !report; ++i) {
        const auto& part = mail.parts[i];
        if (part.within == 0 && part.type == "text/plain" &&
            fields_in_text(part.text) < part.text.size()) {
          report = i;
        }
      }
    }
    if (report) read_report(bounce, mail, *report);
    if (bounce.recipients.empty()) read_text(bounce, mail);
  }
  if (bounce.kind == Bounce::Kind::report && bounce.recipients.empty()) {
    bounce.kind = Bounce::Kind::none;
  }
  if (bounce.kind != Bounce::Kind::none) bounce.why.clear();
  for (const auto& recipient : bounce.recipients) {
    if (recipient.reference) add_references(bounce.references, recipient.reference->text());
  }
  std::string told;
  for (const auto& part : mail.parts) {
    if (is_status_report(part)) told += part.text + '\n';
  }
  told += without_returned_mail(text_for_people(mail, 0));
  add_references(bounce.references, told);
  bounce.mistyped = mistyped_references(told);
  return bounce;
}

}  // namespace postern
