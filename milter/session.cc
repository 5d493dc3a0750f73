#include "milter/session.h"

#include "milter/mta_values.h"
#include "milter/own_trouble.h"
#include "milter/session_tag.h"
#include "model/text.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace postern::milter_door {
namespace {

/// Octets that sendmail puts before our first line at MAIL and RCPT: "<address>... ".
std::size_t prefix_for(Session::Parameters arguments) {
  constexpr std::size_t dots_and_brackets = 6;
  return arguments.empty() ? 0 : arguments.front().size() + dots_and_brackets;
}

std::string_view first_of(Session::Parameters arguments) {
  return arguments.empty() ? std::string_view{} : arguments.front();
}

/// Without an enhanced code libmilter takes one line only: for several it would invent X.0.0.
void keep_first_line_if_bare(MilterReply& reply) {
  if (!reply.enhanced.empty() || reply.lines.size() < 2) return;
  reply.lines.resize(1);
  reply.expected.resize(1);
  if (reply.expected[0].size() > 3) reply.expected[0][3] = ' ';
}

SentReply continued(Stage stage, const Decision& decision) {
  return {"continue", {}, {}, stage, wait_for_end(decision)};
}

}  // namespace

Session::Session(SessionSetup setup) : setup_(std::move(setup)) {
  begin_session();
  // Until the MTA has told who connected: a session made in the middle (memory was short before)
  // would otherwise look like a local submission, which nothing is refused to.
  session_trouble_ = true;
  ++setup_.counters->sessions;
  ++setup_.counters->open;
}

Session::~Session() { --setup_.counters->open; }

Negotiated Session::negotiate(std::uint32_t offered_actions, std::uint32_t offered_steps) noexcept {
  negotiated_ = milter_door::negotiate(setup_.plan, offered_actions, offered_steps);
  return negotiated_;
}

// ---- Events ----------------------------------------------------------------------------------

template <typename Work>
Status Session::guarded(Stage stage, std::size_t prefix, Link& link, Work work) noexcept {
  try {
    try {
      return work();
    } catch (const std::exception& error) {
      setup_.complain(std::string("milter session ") + tag() + " at " +
                      std::string(to_text(stage)) + ": " + error.what());
    }
  } catch (...) {
    // Not even the message could be written; the answer below needs no memory.
  }
  return trouble(stage, prefix, link);
}

Status Session::connect(std::string_view host, const sockaddr* address, Link& link) noexcept {
  return guarded(Stage::connect, 0, link, [&] {
    begin_session();
    session_.client = read_client(host, address, link);
    for (const char* name : {"{if_addr}", "{daemon_addr}"}) {
      const char* value = link.macro(name);
      if (value != nullptr && session_.server_address.empty()) session_.server_address = value;
    }
    if (const char* port = link.macro("{daemon_port}")) {
      session_.server_port = static_cast<std::uint16_t>(read_number(port).value_or(0));
    }
    read_macros(Stage::connect, link, session_.macros);
    ask_ahead(Stage::connect, session_);
    if (!setup_.plan.speaks_at(Stage::connect)) return quiet(Stage::connect);

    auto asked = ask(Stage::connect, session_);
    if (!setup_.plan.speaks(Stage::connect, asked.decision)) return quiet(Stage::connect);
    return refuse(std::move(asked), 0, link);
  });
}

Status Session::helo(std::string_view name, Link& link) noexcept {
  return guarded(Stage::helo, 0, link, [&] {
    // RFC 5321 4.1.4: EHLO resets; RFC 3207 4.2: after STARTTLS what the client said before is
    // void.
    abort();
    session_.helo = std::string(name);
    session_.tls = read_tls(link);
    session_.authentication = {};
    read_macros(Stage::helo, link, session_.macros);
    if (session_trouble_ || !setup_.plan.speaks_at(Stage::helo)) return quiet(Stage::helo);

    auto asked = ask(Stage::helo, session_);
    if (!setup_.plan.speaks(Stage::helo, asked.decision)) return quiet(Stage::helo);
    return refuse(std::move(asked), 0, link);
  });
}

Status Session::mail(Parameters arguments, Link& link) noexcept {
  const auto prefix = prefix_for(arguments);
  abort();
  return guarded(Stage::mail, prefix, link, [&] {
    message_.emplace(session_, session_facts_);
    auto& transaction = message_->transaction;
    if (!transaction.helo.is_told()) transaction.helo = Told<std::string>::absent();
    transaction.sender = MailAddress::from_envelope(first_of(arguments));
    transaction.declared_size = declared_size(arguments.empty() ? arguments : arguments.subspan(1));
    const auto tls = read_tls(link);
    if (tls.version.is_told() || !transaction.tls.version.is_told()) transaction.tls = tls;
    transaction.authentication = read_authentication(link);
    const char* protocol = link.macro("r");
    // The protocol has no word for EHLO; sendmail's macro tells, and what only EHLO allows shows
    // it.
    if (protocol != nullptr) {
      transaction.extended_smtp = *protocol == 'E';
    } else if (arguments.size() > 1 || transaction.tls.version.is_told() ||
               transaction.authentication.user.is_told()) {
      transaction.extended_smtp = true;
    }
    read_macros(Stage::mail, link, transaction.macros);
    learn_queue_id(Stage::mail, link);
    ask_ahead(Stage::mail, transaction);
    if (!setup_.plan.speaks_at(Stage::mail)) return quiet(Stage::mail);
    if (session_trouble_) return trouble(Stage::mail, prefix, link);

    auto asked = ask(Stage::mail, transaction);
    if (!setup_.plan.speaks(Stage::mail, asked.decision)) return quiet(Stage::mail);
    return refuse(std::move(asked), prefix, link);
  });
}

Status Session::rcpt(Parameters arguments, Link& link) noexcept {
  const auto prefix = prefix_for(arguments);
  argument_of_rcpt_ = first_of(arguments);
  if (in_the_dark()) return trouble(Stage::rcpt, prefix, link);
  return guarded(Stage::rcpt, prefix, link, [&] {
    learn_queue_id(Stage::rcpt, link);
    auto recipient = MailAddress::from_envelope(first_of(arguments));
    if (!setup_.plan.rule_up_to(Stage::rcpt)) {
      message_->take({std::move(recipient), false, "", {}}, first_of(arguments));
      return Status::proceed;
    }

    auto transaction = message_->transaction;
    transaction.recipient = recipient;
    read_macros(Stage::rcpt, link, transaction.macros);
    if (message_->recipients.empty()) message_->only_recipient_macros = transaction.macros;
    auto asked = ask(Stage::rcpt, std::move(transaction));
    if (setup_.plan.speaks(Stage::rcpt, asked.decision))
      return refuse(std::move(asked), prefix, link);

    if (auto accepted = accepted_recipient(std::move(recipient), asked.decision)) {
      message_->take(std::move(*accepted), first_of(arguments));
    }
    // What the rules, those in shadow too, said of this recipient is in no other record: at the end
    // of a message with several they are not asked again.
    auto sent = continued(Stage::rcpt, asked.decision);
    record(std::move(asked), std::move(sent));
    // Never SMFIS_ACCEPT: both MTAs then stop calling us for the whole message, and the record at
    // its end, and the rules for its other recipients, would be lost (semantics 2).
    return Status::proceed;
  });
}

Status Session::data(Link& link) noexcept {
  return guarded(Stage::data, 0, link, [&] { return decide_content(Stage::data, link); });
}

Status Session::header(std::string_view name, std::string_view value) noexcept {
  if (message_) {
    // "Name: value" and its line end; the value's own line ends come as LF alone.
    const bool space_kept = negotiated_.has(step::header_leading_space);
    const auto folds = std::count(value.begin(), value.end(), '\n');
    const auto octets = name.size() + (space_kept ? 1U : 2U) + value.size() + 2U;
    message_->octets += static_cast<std::int64_t>(octets) + folds;
    // What was not counted would be left in the message, unseen.
    if (!message_->count_header(name, setup_.plan.to_remove) ||
        !message_->note_results(name, value, setup_.plan.authserv_ids)) {
      message_trouble_ = true;
    }
  }
  return negotiated_.has(step::no_reply_header) ? Status::no_reply : Status::proceed;
}

Status Session::end_of_headers(Link& link) noexcept {
  return guarded(Stage::end_of_headers, 0, link,
                 [&] { return decide_content(Stage::end_of_headers, link); });
}

Status Session::body(std::size_t octets) noexcept {
  if (message_) message_->octets += static_cast<std::int64_t>(octets);
  return negotiated_.has(step::no_reply_body) ? Status::no_reply : Status::proceed;
}

Status Session::end_of_message(Link& link) noexcept {
  const auto status = guarded(Stage::end_of_message, 0, link, [&] { return end_message(link); });
  abort();
  return status;
}

void Session::abort() noexcept {
  if (message_) {
    if (!message_->transaction.queue_id.empty()) {
      last_queue_id_.swap(message_->transaction.queue_id);
    }
    message_.reset();
  }
  message_trouble_ = false;
}

// ---- Deciding --------------------------------------------------------------------------------

Status Session::end_message(Link& link) {
  if (in_the_dark()) return trouble(Stage::end_of_message, 0, link);
  learn_queue_id(Stage::end_of_message, link);
  auto transaction = message_->after_rcpt(link);
  read_macros(Stage::end_of_message, link, transaction.macros);
  // The body's octets were counted if all of it was sent to us; sendmail tells its size otherwise.
  if (setup_.plan.content && !negotiated_.has(step::no_body)) {
    constexpr std::int64_t blank_line = 2;
    transaction.size = message_->octets + blank_line;
  } else if (const char* told = link.macro("{msg_size}")) {
    if (const auto size = read_number(told)) transaction.size = *size;
  }

  // Also without a rule at this stage: the record of the message holds the trail of all rules.
  auto asked = ask(Stage::end_of_message, std::move(transaction));
  if (setup_.plan.speaks(Stage::end_of_message, asked.decision)) {
    return refuse(std::move(asked), 0, link);
  }
  return take(std::move(asked), link);
}

Status Session::decide_content(Stage stage, Link& link) {
  if (!setup_.plan.speaks_at(stage)) return quiet(stage);
  if (in_the_dark()) return trouble(stage, 0, link);
  learn_queue_id(stage, link);
  auto transaction = message_->after_rcpt(link);
  read_macros(stage, link, transaction.macros);
  auto asked = ask(stage, std::move(transaction));
  if (!setup_.plan.speaks(stage, asked.decision)) return quiet(stage);
  return refuse(std::move(asked), 0, link);
}

/// What it does not know of the message matters to nobody: there is no decision and no record.
void Session::ask_ahead(Stage stage, const Transaction& known) {
  if (!setup_.ask_ahead) return;
  auto transaction = known;
  transaction.stage = stage;
  transaction.time = setup_.now();
  transaction.utc_offset = setup_.utc_offset(transaction.time);
  setup_.ask_ahead(transaction);
}

Session::Asked Session::ask(Stage stage, Transaction transaction) {
  transaction.stage = stage;
  transaction.reference = setup_.next_reference();
  transaction.time = setup_.now();
  transaction.utc_offset = setup_.utc_offset(transaction.time);
  if (message_) message_->collect_facts();
  ++setup_.counters->requests;

  auto slip = std::make_shared<RecordSlip>(setup_.submit);
  auto& facts = facts_for(stage);
  auto decision =
      setup_.decide(transaction, facts, [slip, stage, counters = setup_.counters](Outcome outcome) {
        counters->tally.decided(stage, outcome.decision, outcome.elapsed);
        slip->closed(std::move(outcome));
      });
  if (auto found = slip->facts()) {
    facts = std::move(*found);
  } else if (message_) {
    message_->watch(slip);
  }
  Asked asked{std::move(transaction), std::move(decision), std::move(slip)};
  delay(asked);
  return asked;
}

/// Every decision that is asked from RCPT on is answered next.
void Session::delay(Asked& asked) {
  const auto wanted = delay_of(asked.decision);
  if (wanted.count() == 0 || setup_.pause(wanted)) return;
  asked.undelayed = true;
  ++setup_.counters->undelayed;
}

/// Facts of connect and HELO hold for the session; others for one message only, because a count
/// (an effect) has to be asked anew for every message.
Facts& Session::facts_for(Stage stage) {
  return stage <= Stage::helo || !message_ ? session_facts_ : message_->facts;
}

// ---- Answering -------------------------------------------------------------------------------

Status Session::take(Asked asked, Link& link) {
  const auto& decision = asked.decision;
  SentReply sent{"continue", {}, {}, Stage::end_of_message, {}};
  auto status = Status::proceed;
  if (decision.verdict == Verdict::discard) {
    sent.answer = "discard";
    sent.effects = wait_for_end(decision);
    status = Status::discard;
    ++setup_.counters->refusals;
  } else {
    const bool space_kept = negotiated_.has(step::header_leading_space);
    auto carried =
        carry_out(decision,
                  {message_->envelope_recipients, message_->headers, message_->forged_results,
                   space_kept ? " " : "", asked.transaction.reference},
                  link);
    sent.effects = std::move(carried.fates);
    sent.forged_results = carried.forged_removed;
    if (carried.forged_left > 0) {
      setup_.complain("milter session " + tag() + ": the message of reference " +
                      asked.transaction.reference.text() +
                      " goes on with Authentication-Results that only claim to be ours: the mail "
                      "server refused to remove them");
      ++setup_.counters->failures;
    }
    if (decision.verdict == Verdict::quarantine) {
      sent.answer = "quarantine " + logged_note(decision.note, asked.transaction.reference);
    }
    for (std::size_t i = 0; i < sent.effects.size(); ++i) {
      if (sent.effects[i].state != EffectState::failed) continue;
      setup_.complain("milter session " + tag() + ": the message of reference " +
                      asked.transaction.reference.text() + " goes on without " +
                      describe(decision.effects[i]) + ": " + sent.effects[i].why);
      ++setup_.counters->failures;
    }
  }
  record(std::move(asked), std::move(sent));
  return status;
}

Status Session::refuse(Asked asked, std::size_t prefix, Link& link) {
  const auto& decision = asked.decision;
  const bool refusal = decision.verdict == Verdict::reject || decision.verdict == Verdict::defer;
  if (!refusal || !decision.reply) {
    throw std::logic_error("no answer for the verdict " + std::string(to_text(decision.verdict)));
  }
  auto reply = render_for_milter(*decision.reply, prefix);
  keep_first_line_if_bare(reply);
  auto status = decision.reply->is_permanent() ? Status::reject : Status::tempfail;
  SentReply sent{joined(wire_lines(reply), "\r\n"),
                 reply.expected,
                 {},
                 asked.transaction.stage,
                 wait_for_end(decision)};
  if (!link.set_reply(reply)) {
    // Whatever we meant, the MTA will now speak for us; a temporary failure loses nothing.
    setup_.complain("libmilter refused the reply of reference " +
                    asked.transaction.reference.text());
    ++setup_.counters->failures;
    status = Status::tempfail;
    sent = {"tempfail",
            {},
            "libmilter refused the reply",
            asked.transaction.stage,
            std::move(sent.effects)};
  } else {
    setup_.counters->tally.replied(decision);
  }
  ++setup_.counters->refusals;
  record(std::move(asked), std::move(sent));
  return status;
}

void Session::record(Asked asked, SentReply sent) {
  const auto slip = asked.slip;
  auto entry = blank_record(std::move(asked.transaction));
  if (asked.undelayed) {
    for (std::size_t i = 0; i < sent.effects.size(); ++i) {
      if (asked.decision.effects[i].kind != EffectKind::delay) continue;
      sent.effects[i] = {EffectState::failed, "as many answers as may were delayed already"};
    }
  }
  entry.sent = std::move(sent);
  const bool unjoined = message_ && entry.transaction.queue_id.empty();
  if (unjoined) message_->expect_queue_id(slip);
  slip->answered(std::move(entry));
  if (unjoined) message_->settle_newest();
}

Record Session::blank_record(Transaction transaction) const {
  Record record;
  record.transaction = std::move(transaction);
  return record;
}

void Session::learn_queue_id(Stage stage, Link& link) {
  const char* id = link.macro("i");
  if (id == nullptr || *id == '\0') return;
  // libmilter keeps the macros of the message before until new ones arrive for the same stage.
  if (stage <= Stage::rcpt && id == last_queue_id_) return;
  auto& transaction = message_->transaction;
  if (transaction.queue_id == id) return;
  transaction.queue_id = id;
  const auto kept = message_->take_answers_without_queue_id();
  if (kept == Kept::nothing) return;
  auto join = blank_record(transaction);
  join.kind = RecordKind::join;
  join.of_decision = kept;
  join.transaction.stage = stage;
  join.transaction.time = setup_.now();
  setup_.submit(std::move(join));
}

bool Session::in_the_dark() const noexcept {
  return !message_ || session_trouble_ || message_trouble_;
}

Status Session::quiet(Stage stage) const noexcept {
  return negotiated_.no_reply_at(stage) ? Status::no_reply : Status::proceed;
}

Status Session::trouble(Stage stage, std::size_t prefix, Link& link) noexcept {
  ++setup_.counters->failures;
  // What this event would have told is lost for good: nothing may be decided without it.
  if (stage <= Stage::helo) session_trouble_ = true;
  if (stage == Stage::mail) message_trouble_ = true;
  const bool can_speak = stage >= Stage::mail && !negotiated_.no_reply_at(stage);
  if (!can_speak) return quiet(stage);
  try {
    return refuse(internal_error(stage), prefix, link);
  } catch (...) {
    // Reached when memory is short: the MTA's own text for a temporary failure has to do.
    return Status::tempfail;
  }
}

Session::Asked Session::internal_error(Stage stage) {
  Asked asked;
  asked.transaction = message_ ? message_->transaction : session_;
  asked.transaction.stage = stage;
  asked.transaction.reference = setup_.next_reference();
  asked.transaction.time = setup_.now();
  asked.transaction.utc_offset = setup_.utc_offset(asked.transaction.time);
  if (stage == Stage::rcpt) {
    asked.transaction.recipient = MailAddress::from_envelope(argument_of_rcpt_);
  }

  asked.decision = own_trouble(asked.transaction, setup_.identity);
  asked.slip = std::make_shared<RecordSlip>(setup_.submit);
  Outcome outcome;
  outcome.decision = asked.decision;
  asked.slip->closed(std::move(outcome));
  return asked;
}

void Session::begin_session() {
  abort();
  session_ = {};
  session_.door = Door::milter;
  session_.session = new_session_tag(setup_.now());
  session_facts_ = {};
  last_queue_id_.clear();
  session_trouble_ = false;
}

}  // namespace postern::milter_door
