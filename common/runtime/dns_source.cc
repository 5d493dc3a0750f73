#include "runtime/dns_source.h"

#include "model/text.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

bool is_dns(QuestionKind kind) noexcept {
  switch (kind) {
    case QuestionKind::dns:
    case QuestionKind::spf:
    case QuestionKind::reverse_dns:
    case QuestionKind::helo_dns:
    case QuestionKind::sender_dns:
      return true;
    case QuestionKind::table:
    case QuestionKind::store:
    case QuestionKind::upstream:
    case QuestionKind::sample:
    case QuestionKind::recipients:
      break;
  }
  return false;
}

std::string note_of(const DnsReply& reply) {
  const auto& answer = *reply.answer;
  std::vector<std::string> words;
  if (answer.kind == DnsAnswer::Kind::no_name) words.emplace_back("no such name");
  if (answer.kind == DnsAnswer::Kind::no_data) words.emplace_back("no such records");
  if (!answer.canonical.empty()) words.push_back("alias of " + answer.canonical);
  if (!answer.note.empty()) words.push_back(answer.note);
  if (answer.authenticity == DnsAnswer::Authenticity::validated) words.emplace_back("validated");
  if (!answer.server.empty()) words.push_back("from " + answer.server);
  if (reply.age > reply.age.zero()) {
    words.push_back(std::to_string(reply.age.count()) + " s ago");
  }
  return clean_for_terminal(joined(words, ", "));
}

}  // namespace

Answer fact_of(const DnsReply& reply, std::chrono::microseconds elapsed) {
  Answer answer;
  switch (reply.answer->kind) {
    case DnsAnswer::Kind::records:
      answer = Answer::found(reply.answer->records);
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
  return answer;
}

DnsSource::DnsSource(Resolver& resolver, FactSource& others, const Clock& clock,
                     std::chrono::milliseconds patience)
    : resolver_(resolver), others_(others), clock_(clock), patience_(patience) {}

void DnsSource::ask(const Question& question, std::function<void(Answer)> done) {
  if (!is_dns(question.kind)) return others_.ask(question, std::move(done));
  const auto type = dns_type_from_text(question.subject);
  if (!type) return done(Answer::unavailable("there is no such type of records"));
  const auto began = clock_.steady();
  resolver_.ask({question.key, *type}, began + patience_,
                [&clock = clock_, began, done = std::move(done)](const DnsReply& reply) {
                  done(fact_of(reply, std::chrono::duration_cast<std::chrono::microseconds>(
                                          clock.steady() - began)));
                });
}

}  // namespace postern
