#include "journal/record_sums.h"

#include "checks/dns_list.h"
#include "journal/sent_reply.h"
#include "model/text.h"
#include "rules/org_domain.h"

#include <algorithm>

namespace postern {
namespace {

// Ours. Of a million decisions, whoever has more than a hundred is held by the largest of these;
// one of them takes up to 4 MB, all that is counted together less than 40 MB.
constexpr std::size_t most_strangers = 10'000;
constexpr std::size_t most_rules = 5'000;  ///< more than anybody writes
constexpr std::size_t most_reasons = 250;  ///< twice the catalogue
constexpr std::size_t most_shadows = 500;
constexpr std::size_t most_dependencies = 500;
constexpr std::size_t most_others = 500;

constexpr std::size_t most_samples = 5;
constexpr std::size_t most_causes = 6;

std::string cut(std::string text) {
  if (text.size() > longest_counted_key) text.resize(longest_counted_key);
  return text;
}

std::string domain_key(const MailAddress& address) {
  if (address.empty()) return "<>";
  return address.domain().empty() ? "(none)" : address.domain();
}

/// Of the recipient or, if they are all of one domain, of all recipients.
std::optional<std::string> recipient_key(const Transaction& transaction) {
  if (transaction.recipient.is_told()) return domain_key(transaction.recipient.value());
  const auto& recipients = transaction.recipients.value();
  if (recipients.empty()) return std::nullopt;
  const auto& first = recipients.front().address;
  const bool same = std::all_of(recipients.begin(), recipients.end(), [&](const auto& each) {
    return each.address.domain() == first.domain();
  });
  if (!same) return std::nullopt;
  return domain_key(first);
}

/// Of a client without an address.
const char* no_address(const Transaction& transaction) {
  return is_local_submission(transaction) ? "(local)" : "(not told)";
}

std::string network_key(const Transaction& transaction) {
  const auto& address = transaction.client.address;
  if (!address) return no_address(transaction);
  return Network::around(*address, address->family() == IpAddress::Family::v4 ? 24 : 64).text();
}

std::string sample_address(const Told<MailAddress>& address) {
  if (!address.is_told()) return {};
  return address.value().empty() ? "<>" : cut(address.value().text());
}

SumsSample sample_of(const Record& record, MailFate outcome) {
  const auto& transaction = record.transaction;
  SumsSample sample;
  sample.reference = transaction.reference.empty() ? "" : transaction.reference.text();
  sample.time = transaction.time;
  sample.client =
      transaction.client.address ? transaction.client.address->text() : no_address(transaction);
  sample.sender = sample_address(transaction.sender);
  sample.recipient = sample_address(transaction.recipient);
  const auto& recipients = transaction.recipients.value();
  if (sample.recipient.empty() && !recipients.empty()) {
    sample.recipient = cut(recipients.front().address.text());
    if (recipients.size() > 1) {
      sample.recipient += " and " + std::to_string(recipients.size() - 1) + " more";
    }
  }
  sample.outcome = outcome;
  return sample;
}

/// What follows the octets of an IPv4 address, or the 32 digits of an IPv6 address, that a name
/// begins with, as questions to block lists do; nothing: it begins otherwise.
std::string_view behind_address(std::string_view name) {
  for (const std::size_t labels : {32U, 4U}) {
    auto rest = name;
    std::size_t count = 0;
    while (count < labels) {
      const auto dot = rest.find('.');
      const auto label = rest.substr(0, dot);
      const bool is_hex = label.size() == 1 &&
                          label.find_first_not_of("0123456789abcdef") == std::string_view::npos;
      if (dot == std::string_view::npos) break;
      if (labels == 32 ? !is_hex : label.size() > 3 || !all_digits(label)) break;
      rest.remove_prefix(dot + 1);
      ++count;
    }
    if (count == labels && rest.find('.') != std::string_view::npos) return rest;
  }
  return {};
}

/// What answers together: a block list, or what somebody registered.
std::string zone_of(std::string_view name) {
  for (const std::string_view reverse : {"in-addr.arpa", "ip6.arpa"}) {
    if (name.ends_with(reverse)) return std::string(reverse);
  }
  if (const auto list = behind_address(name); !list.empty()) return cut(std::string(list));
  return cut(std::string(expression::org_domain(name)));
}

std::string dependency_name(const Question& question) {
  return is_dns(question.kind) ? zone_of(question.key) : cut(question.subject);
}

bool is_asked(const TrailEntry& entry) {
  return entry.note == TrailNote::none || entry.note == TrailNote::shadow ||
         entry.note == TrailNote::local_submission;
}

void count_cause(DependencySum& sum, const std::string& cause, std::uint64_t times) {
  auto& causes = sum.causes;
  auto name = cut(cause.empty() ? "not said" : cause);
  auto found = std::find_if(causes.begin(), causes.end(),
                            [&](const auto& each) { return each.first == name; });
  if (found == causes.end()) {
    if (causes.size() + 1 >= most_causes) name = "others";
    found = std::find_if(causes.begin(), causes.end(),
                         [&](const auto& each) { return each.first == name; });
    if (found == causes.end()) found = causes.insert(causes.end(), {std::move(name), 0});
  }
  found->second += times;
}

/// Where a fact tells the client's country or network; told by its words, because a record of a
/// later version may have it.
std::optional<SumsKey> place_key(const Question& question) {
  if (to_text(question.kind) != "geo") return std::nullopt;
  if (question.subject == "country") return SumsKey::country;
  if (question.subject == "asn") return SumsKey::asn;
  return std::nullopt;
}

/// RFC 5321 4.2.1.
constexpr std::size_t code_digits = 3;
constexpr std::string_view by_deadline = "deadline";

}  // namespace

std::string_view to_text(MailFate outcome) noexcept {
  switch (outcome) {
    case MailFate::let_in:
      return "let in";
    case MailFate::put_off:
      return "put off";
    case MailFate::refused:
      return "refused";
    case MailFate::discarded:
      return "discarded";
    case MailFate::held:
      return "held";
  }
  return "let in";
}

MailFate fate_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass:
    case Verdict::accept:
      return MailFate::let_in;
    case Verdict::reject:
      return MailFate::refused;
    case Verdict::defer:
      return MailFate::put_off;
    case Verdict::discard:
      return MailFate::discarded;
    case Verdict::quarantine:
      return MailFate::held;
  }
  return MailFate::let_in;
}

std::uint64_t MailFates::not_let_in() const {
  return of(MailFate::put_off) + of(MailFate::refused) + of(MailFate::discarded) +
         of(MailFate::held);
}

std::size_t unavailable_group(QuestionKind kind) noexcept {
  switch (kind) {
    case QuestionKind::dns:
    case QuestionKind::spf:
    case QuestionKind::reverse_dns:
    case QuestionKind::helo_dns:
    case QuestionKind::sender_dns:
      return 0;
    case QuestionKind::store:
      return 1;
    case QuestionKind::table:
      return 2;
    case QuestionKind::upstream:
    case QuestionKind::sample:
    case QuestionKind::geo:
    case QuestionKind::recipients:
      break;
  }
  return 3;
}

std::string_view unavailable_group_name(std::size_t group) noexcept {
  constexpr std::array<std::string_view, 4> names = {"DNS", "Stores", "Tables", "Others"};
  return names[group];
}

RecordSums::RecordSums(const TimeSpan& span)
    : span_(span),
      steps_(span),
      over_time_(steps_.size()),
      reasons_(most_reasons),
      rules_(most_rules),
      shadows_(most_shadows),
      dependencies_(most_dependencies),
      policies_(most_others) {
  for (std::size_t key = 0; key < sums_key_count; ++key) {
    const auto which = static_cast<SumsKey>(key);
    const bool strangers = which == SumsKey::sender_domain || which == SumsKey::recipient_domain ||
                           which == SumsKey::network || which == SumsKey::asn;
    by_.emplace_back(strangers ? most_strangers : most_others);
  }
}

void RecordSums::add(const Record& record) {
  const auto time = record.transaction.time;
  if (!span_.contains(time)) return;
  const auto step = steps_.step_of(time);
  if (!step) return;
  if (record.kind == RecordKind::repeat) ++repeats_;
  if (record.kind != RecordKind::decision) return;
  step_ = *step;
  weight_ = stands_for(record);
  if (!times_) times_ = {time, time};
  times_->first = std::min(times_->first, time);
  times_->second = std::max(times_->second, time);
  const auto outcome = fate_of(record.decision.verdict);
  add_outcome(record, outcome);
  add_trail(record, outcome);
  add_facts(record);
  add_times(record);
}

/// With a share of 30%, each stands for 3, 3 and 4 others in turn.
std::uint32_t RecordSums::stands_for(const Record& record) {
  if (record.share == 0 || record.share >= left_over_.size()) return 1;
  auto& parts = left_over_[record.share];
  parts += 100;
  const auto times = parts / record.share;
  parts %= record.share;
  estimated_ += times;
  ++standing_for_others_;
  return times;
}

void RecordSums::add_times(const Record& record) {
  over_time_[step_].times.add(record.elapsed, weight_);
  decision_times_.add(record.elapsed, weight_);
  const auto add = [&](PartSum& part, std::chrono::microseconds time) {
    if (time.count() <= 0) return;
    if (time > part.times.longest() && !record.transaction.reference.empty()) {
      part.slowest = record.transaction.reference.text();
    }
    part.times.add(time, weight_);
  };
  // Without parts all of it went into the rules.
  add(in_rules_, record.spent ? record.spent->rules : record.elapsed);
  if (!record.spent) return;
  add(waiting_, record.spent->waiting);
  add(afterwards_, record.spent->afterwards);
}

void RecordSums::add_outcome(const Record& record, MailFate outcome) {
  const auto& transaction = record.transaction;
  const auto& decision = record.decision;
  outcomes_.add(outcome, weight_);
  over_time_[step_].outcomes.add(outcome, weight_);
  verdicts_[index(decision.verdict)] += weight_;
  policies_.count(record.policy_digest, weight_).outcomes.add(outcome, weight_);

  const auto count = [&](SumsKey key, std::string_view name) {
    const auto at = static_cast<std::size_t>(key);
    by_[at].count(name, weight_).outcomes.add(outcome, weight_);
    all_by_[at].add(outcome, weight_);
  };
  count(SumsKey::stage, to_text(transaction.stage));
  count(SumsKey::door, to_text(transaction.door));
  count(SumsKey::host, record.host);
  count(SumsKey::network, network_key(transaction));
  for (const auto& [question, answer] : record.facts.all()) {
    const auto key = place_key(question);
    if (!key || answer.state == Answer::State::unavailable) continue;
    count(*key, answer.values.empty() ? std::string_view("unknown") : answer.values.front());
  }
  if (transaction.sender.is_told()) {
    count(SumsKey::sender_domain, domain_key(transaction.sender.value()));
  }
  if (const auto key = recipient_key(transaction)) count(SumsKey::recipient_domain, *key);
  // As clients see them: the mail log has these, and a mail server may remap the catalogue's.
  if (const auto sent = code_as_sent(record); sent.size() >= code_digits) {
    count(SumsKey::code, std::string_view(sent).substr(0, code_digits));
    if (sent.size() > code_digits + 1) {
      count(SumsKey::enhanced_code, std::string_view(sent).substr(code_digits + 1));
    }
  }
  if (decision.reason != nullptr) {
    auto& sum = reasons_.count(decision.reason->id, weight_);
    sum.outcomes.add(outcome, weight_);
    sum.over_time.add(step_, steps_.size(), weight_);
  }
  if (decision.rule) {
    auto& sum = rules_.count(decision.rule->name, weight_);
    sum.decided.add(outcome, weight_);
    sum.over_time.add(step_, steps_.size(), weight_);
  }
}

void RecordSums::add_trail(const Record& record, MailFate outcome) {
  const auto& decision = record.decision;
  auto verdict = decision.verdict;
  bool would_act = false;
  for (const auto& entry : decision.trail) {
    if (!is_asked(entry)) continue;
    if (entry.truth == Truth::unavailable) {
      rules_.count(entry.rule.name, weight_).unanswered += weight_;
    }
    if (entry.truth != Truth::yes) continue;
    if (entry.note == TrailNote::shadow) {
      rules_.count(entry.rule.name, weight_).shadow += weight_;
      add_shadow(record, entry, outcome);
      if (entry.verdict != Verdict::pass && !would_act) {
        would_act = true;
        verdict = entry.verdict;
      }
    } else if (!decision.rule || decision.rule->name != entry.rule.name) {
      rules_.count(entry.rule.name, weight_).besides += weight_;
    }
  }
  with_shadow_[index(verdict)] += weight_;
  if (would_act && fate_of(verdict) != outcome) changed_by_shadow_ += weight_;
}

void RecordSums::add_shadow(const Record& record, const TrailEntry& entry, MailFate outcome) {
  if (!entry.reason.empty()) reasons_.count(entry.reason, weight_).shadow += weight_;
  const auto verdict = to_text(entry.verdict);
  auto& sum =
      shadows_.count(std::string(verdict) + '\n' + entry.reason + '\n' + entry.rule.name, weight_);
  sum.rule = cut(entry.rule.name);
  sum.file = cut(entry.rule.file);
  sum.line = entry.rule.line;
  sum.share = entry.share;
  sum.verdict = entry.verdict;
  sum.reason = cut(entry.reason);
  sum.outcomes.add(outcome, weight_);
  sum.over_time.add(step_, steps_.size(), weight_);

  // What a person looks for: mail that would not have come in, or would have.
  const bool differs =
      entry.verdict != Verdict::pass &&
      (fate_of(entry.verdict) == MailFate::let_in) != (outcome == MailFate::let_in);
  if (sum.samples_differ && !differs) return;
  if (differs && !sum.samples_differ) {
    sum.samples.clear();
    sum.samples_differ = true;
  }
  if (sum.samples.size() == most_samples) sum.samples.erase(sum.samples.begin());
  sum.samples.push_back(sample_of(record, outcome));
}

void RecordSums::add_facts(const Record& record) {
  bool was_late = false;
  for (const auto& [question, answer] : record.facts.all()) {
    // A file of our own that answers is no dependency.
    const bool own = question.kind == QuestionKind::table || place_key(question);
    if (own && answer.state != Answer::State::unavailable) continue;
    const auto name = dependency_name(question);
    const auto group = unavailable_group(question.kind);
    // All kinds of questions to one zone are one: it answers or does not.
    auto& sum = dependencies_.count(
        (is_dns(question.kind) ? "dns" : std::string(to_text(question.kind))) + ' ' + name,
        weight_);
    sum.kind = is_dns(question.kind) ? QuestionKind::dns : question.kind;
    sum.name = name;
    if (answer.state == Answer::State::unavailable && answer.cause.starts_with(list_is_suspended)) {
      // Its own tests have failed: each mail would make DNS look worse than it is.
      sum.suspended += weight_;
      count_cause(sum, answer.cause, weight_);
    } else if (answer.state == Answer::State::unavailable) {
      sum.unavailable += weight_;
      over_time_[step_].unavailable[group] += weight_;
      sum.unavailable_over_time.add(step_, steps_.size(), weight_);
      count_cause(sum, answer.cause, weight_);
      if (answer.cause == by_deadline) {
        sum.late += weight_;
        was_late = true;
      }
    } else if (answer.source.name == "cache") {
      sum.cached += weight_;
    } else if (answer.source.elapsed.count() > 0) {
      if (answer.source.elapsed > sum.times.longest()) {
        sum.slowest = sample_of(record, MailFate::let_in).reference;
      }
      sum.times.add(answer.source.elapsed, weight_);
    }
  }
  if (was_late) {
    late_ += weight_;
    over_time_[step_].late += weight_;
  }
}

}  // namespace postern
