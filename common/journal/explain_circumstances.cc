#include "journal/explain_parts.h"
#include "journal/timestamp.h"
#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

std::string bracketed(const MailAddress& address) { return '<' + address.text() + '>'; }

std::string octets(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " octet" : " octets");
}

/// " (12 in the rules, 201 waiting for answers; 90 more after the answer)".
std::string spent(const TimeSpent& spent) {
  auto text = " (" + std::to_string(spent.rules.count()) + " in the rules, " +
              std::to_string(spent.waiting.count()) + " waiting for answers";
  if (spent.afterwards.count() != 0) {
    text += "; " + std::to_string(spent.afterwards.count()) + " more after the answer";
  }
  return text + ')';
}

std::string when(const Record& record) {
  std::string text = timestamp(record.transaction.time);
  text[text.find('T')] = ' ';
  text.pop_back();
  text += " UTC";
  // A simulation takes no time, and tells none.
  if (record.kind == RecordKind::decision && record.elapsed.count() != 0) {
    text += ", decided in " + std::to_string(record.elapsed.count()) + " microseconds";
    if (record.spent) text += spent(*record.spent);
  }
  return text;
}

std::string where(const Record& record) {
  std::string text = record.host.empty() ? std::string() : record.host + ", ";
  switch (record.transaction.door) {
    case Door::milter:
      text += "through the milter";
      break;
    case Door::policy:
      text += "through Postfix's policy protocol";
      break;
    case Door::library:
      text += "through the library";
      break;
  }
  return text + ", at stage " + std::string(to_text(record.transaction.stage));
}

std::string client(const Transaction& transaction) {
  const Client& client = transaction.client;
  if (!client.address) {
    return is_local_submission(transaction) ? "none (handed in on the mail server itself)"
                                            : "not told by the MTA";
  }
  std::string text = client.address->text();
  if (client.port != 0) text += " port " + std::to_string(client.port);
  return text;
}

std::string told(const Told<std::string>& value, std::string_view absent) {
  if (value.is_told()) return value.value();
  return std::string(value.is_absent() ? absent : "not told by the MTA");
}

std::string tls(const Tls& tls) {
  if (!tls.version.is_told()) return told(tls.version, "none, the session is not encrypted");
  std::string text = tls.version.value();
  if (tls.cipher.is_told()) text += ", " + tls.cipher.value();
  if (tls.bits.is_told()) text += ", " + std::to_string(tls.bits.value()) + " bits";
  return text;
}

std::string login(const Authentication& authentication) {
  if (!authentication.user.is_told()) return told(authentication.user, "none");
  std::string text = authentication.user.value();
  if (authentication.mechanism.is_told()) text += " by " + authentication.mechanism.value();
  return text;
}

std::string missed(const HeldBack& held_back) {
  std::string text = "might have been ";
  switch (held_back.would) {
    case HeldBack::Would::accept:
      text += "settled";
      break;
    case HeldBack::Would::defer:
      text += "put off";
      break;
    case HeldBack::Would::reject:
      text += "refused";
      break;
  }
  return text + ", but the rule \"" + held_back.rule + "\" could not be answered";
}

void tell_recipients(Page& page, const Transaction& transaction) {
  if (transaction.recipient.is_told()) {
    page.field("Recipient", bracketed(transaction.recipient.value()));
  }
  if (transaction.recipients.is_told()) {
    std::size_t number = 0;
    for (const auto& recipient : transaction.recipients.value()) {
      std::string text = bracketed(recipient.address);
      if (recipient.settled) text += ", settled by the rule \"" + recipient.settled_by + '"';
      if (recipient.held_back) text += ", " + missed(*recipient.held_back);
      page.field(number == 0 ? "Recipients" : "", text);
      ++number;
    }
    if (number == 0) page.field("Recipients", "none that we did not refuse");
  }
  if (transaction.recipient_count.is_told()) {
    page.field("Count", std::to_string(transaction.recipient_count.value()) +
                            " recipients, as the MTA counts");
  }
}

}  // namespace

std::string headline(const Record& record) {
  std::string text;
  if (!record.transaction.reference.empty()) {
    text = "ref " + record.transaction.reference.text() + ": ";
  }
  if (record.kind == RecordKind::join) {
    return text + "session " + record.transaction.session + " became message " +
           record.transaction.queue_id;
  }
  if (record.kind == RecordKind::repeat) {
    return text + "the same request again, answered as the first time";
  }
  switch (record.decision.verdict) {
    case Verdict::reject:
      text += "refused for good";
      break;
    case Verdict::defer:
      text += "refused for now";
      break;
    case Verdict::accept:
      text += "accepted";
      break;
    case Verdict::pass:
      text += "passed, no rule objected";
      break;
    case Verdict::discard:
      text += "discarded";
      break;
    case Verdict::quarantine:
      text += "put into quarantine";
      break;
  }
  if (record.decision.reply) text += " with " + record.decision.reply->form().text();
  if (const Reason* reason = record.decision.reason) {
    text += " (" + std::string(reason->id) + ')';
  }
  return text;
}

void tell_circumstances(Page& page, const Record& record) {
  const Transaction& transaction = record.transaction;
  page.field("When", when(record));
  page.field("Where", where(record));
  page.field("Client", client(transaction));
  page.field("Client name", told(transaction.client.name, "none that the MTA could confirm"));
  // The unconfirmed name is worth a line only where it says something else.
  if (transaction.client.reverse_name != transaction.client.name) {
    page.field("Reverse name", told(transaction.client.reverse_name, "none"));
  }
  if (transaction.helo.is_told()) {
    const auto& extended = transaction.extended_smtp;
    page.field(!extended.is_told() ? "HELO or EHLO"
               : extended.value()  ? "EHLO"
                                   : "HELO",
               transaction.helo.value());
  } else if (transaction.stage != Stage::connect) {
    page.field("HELO", told(transaction.helo, "none"));
  }
  page.field("TLS", tls(transaction.tls));
  page.field("Login", login(transaction.authentication));
  if (transaction.sender.is_told()) {
    const auto& sender = transaction.sender.value();
    page.field("Sender",
               sender.empty() ? "<> (a notification, such as a bounce)" : bracketed(sender));
  }
  tell_recipients(page, transaction);
  if (transaction.size.is_told()) {
    page.field("Size", octets(transaction.size.value()));
  } else if (transaction.declared_size.is_told()) {
    page.field("Size", octets(transaction.declared_size.value()) + ", as the sender declares");
  }
  page.field("Queue id", transaction.queue_id.empty() ? "none yet" : transaction.queue_id);
  page.field("Instance", transaction.instance);
  page.field("Session", transaction.session);
}

}  // namespace postern
