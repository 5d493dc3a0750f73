#include "runtime/geo_source.h"

#include "model/geo.h"

#include <utility>

namespace postern {

Answer geo_answer(const Policy& policy, const Question& question) {
  const auto fact = geo_fact_from_text(question.subject);
  const auto address = IpAddress::parse(question.key);
  // A reload may have taken the file away from sessions that began before.
  const auto file = fact ? policy.geo(*fact) : nullptr;
  if (!file || !address) return Answer::unavailable("there is no such file");
  return file->find(*address);
}

std::optional<Answer> GeoSource::known(const Question& question) {
  if (question.kind != QuestionKind::geo) return others_.known(question);
  return geo_answer(*policy_.get(), question);
}

void GeoSource::ask(const Question& question, std::function<void(Answer)> done) {
  if (question.kind != QuestionKind::geo) return others_.ask(question, std::move(done));
  done(geo_answer(*policy_.get(), question));
}

}  // namespace postern
