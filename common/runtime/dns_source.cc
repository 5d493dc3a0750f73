#include "runtime/dns_source.h"

#include "model/text.h"

#include <utility>

namespace postern {
namespace {

/// Made for every cached answer of a decision, so nothing is copied that need not be.
std::string note_of(const DnsReply& reply) {
  const auto& answer = *reply.answer;
  std::string note;
  note.reserve(64);
  const auto add = [&](std::string_view words, std::string_view more = {}) {
    if (!note.empty()) note += ", ";
    note += words;
    note += more;
  };
  if (answer.kind == DnsAnswer::Kind::no_name) add("no such name");
  if (answer.kind == DnsAnswer::Kind::no_data) add("no such records");
  if (!answer.canonical.empty()) add("alias of ", answer.canonical);
  if (!answer.note.empty()) add(clean_for_terminal(answer.note));
  if (answer.authenticity == DnsAnswer::Authenticity::validated) add("validated");
  if (!answer.server.empty()) add("from ", answer.server);
  if (reply.age > reply.age.zero()) add(std::to_string(reply.age.count()), " s ago");
  return note;
}

/// Octets of one answer that become a fact: facts are recorded whole, and one mail may ask for a
/// hundred. No honest name has more addresses or texts; what is too long is trouble, because a
/// part of it would be another answer.
std::size_t longest_of(DnsType type) noexcept {
  switch (type) {
    case DnsType::a:
    case DnsType::aaaa:
      return 2048;  // 136 addresses at least, 50 of IPv6
    case DnsType::txt:
      return 16384;  // four times the longest SPF record, beside which others may stand
    default:
      return 4096;
  }
}

/// Whether checks look at the first few records alone: at most ten of names and mail hosts.
bool may_be_cut(DnsType type) noexcept { return type == DnsType::ptr || type == DnsType::mx; }

Answer records_of(const std::vector<std::string>& records, DnsType type) {
  const auto longest = longest_of(type);
  std::size_t octets = 0;
  std::size_t count = 0;
  for (; count < records.size(); ++count) {
    octets += records[count].size();
    if (octets > longest) break;
  }
  if (count == records.size()) return Answer::found(records);
  if (!may_be_cut(type)) {
    return Answer::unavailable("an answer of more than " + std::to_string(longest) + " octets");
  }
  return Answer::found({records.begin(), records.begin() + static_cast<std::ptrdiff_t>(count)});
}

}  // namespace

Answer fact_of(const DnsReply& reply, std::chrono::microseconds elapsed, DnsType type) {
  Answer answer;
  switch (reply.answer->kind) {
    case DnsAnswer::Kind::records:
      answer = records_of(reply.answer->records, type);
      break;
    case DnsAnswer::Kind::no_data:
    case DnsAnswer::Kind::no_name:
      answer = Answer::nothing();
      break;
    case DnsAnswer::Kind::unavailable:
      answer = Answer::unavailable(std::string(to_text(reply.answer->trouble)));
      break;
  }
  answer.source.name = to_text(reply.source);
  answer.source.elapsed = elapsed;
  answer.source.note = note_of(reply);
  answer.source.age = reply.age;
  return answer;
}

DnsSource::DnsSource(Resolver& resolver, FactSource& others, const Clock& clock,
                     std::chrono::milliseconds patience)
    : resolver_(resolver), others_(others), clock_(clock), patience_(patience) {}

std::optional<Answer> DnsSource::known(const Question& question) {
  if (!is_dns(question.kind)) return others_.known(question);
  const auto type = dns_type_from_text(question.subject);
  if (!type) return {};
  const auto reply = resolver_.known(DnsQuestionView(question.key, *type));
  if (!reply) return {};
  return fact_of(*reply, {}, *type);
}

void DnsSource::ask(const Question& question, std::function<void(Answer)> done) {
  if (!is_dns(question.kind)) return others_.ask(question, std::move(done));
  const auto type = dns_type_from_text(question.subject);
  if (!type) return done(Answer::unavailable("there is no such type of records"));
  const auto began = clock_.steady();
  resolver_.ask(
      {question.key, *type}, began + patience_,
      [&clock = clock_, began, type = *type, done = std::move(done)](const DnsReply& reply) {
        // Looking at the clock takes longer than looking into the cache.
        auto elapsed = std::chrono::steady_clock::duration::zero();
        if (reply.source != DnsReply::Source::cache) elapsed = clock.steady() - began;
        done(fact_of(reply, std::chrono::duration_cast<std::chrono::microseconds>(elapsed), type));
      });
}

}  // namespace postern
