// SpfZone: DNS of an SPF test. Names may be anything a record or macro can make of them, which
// kit/dns_world.h does not allow.
#pragma once

#include "checks/spf.h"
#include "model/dns_name.h"
#include "model/text.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::test {

class SpfZone {
 public:
  void add(std::string_view name, std::string_view type, std::string record) {
    records_[{spelled(name), std::string(type)}].push_back(std::move(record));
  }
  /// Whatever is asked about it and has no record times out.
  void time_out(std::string_view name) { silent_.insert(spelled(name)); }

  Answer answer(const Question& question) const {
    auto name = question.key;
    for (int steps = 0; steps < 16; ++steps) {
      const auto found = records_.find({name, question.subject});
      if (found != records_.end()) return Answer::found(found->second);
      if (silent_.contains(name)) return Answer::unavailable("timeout");
      const auto alias = records_.find({name, "CNAME"});
      if (alias == records_.end()) return Answer::nothing();
      name = alias->second.front();
    }
    return Answer::unavailable("servfail");
  }

  /// Evaluates to the end; every answer comes when it has been asked for.
  SpfOutcome evaluate(const SpfRequest& request, const SpfLimits& limits = {}) const {
    Facts facts;
    const auto lookup = [&](const Question& q) { return facts.find(q); };
    rounds_ = 0;
    for (;;) {
      auto outcome = spf(request, limits, lookup, SpfTrace::wanted);
      const bool open =
          outcome.state == SpfOutcome::State::open || outcome.words == SpfOutcome::Words::open;
      if (!open) return outcome;
      ++rounds_;
      if (outcome.questions.empty()) return outcome;  // would never end
      for (const auto& question : outcome.questions) {
        facts.add(question, answer(question));
        asked_.insert(question.key + ' ' + question.subject);
      }
    }
  }
  /// Of the last evaluation: how often answers were waited for; all questions so far.
  int rounds() const { return rounds_; }
  const std::set<std::string>& asked() const { return asked_; }

 private:
  static std::string spelled(std::string_view name) {
    return dns_name_of_octets(name).value_or(lower(name));
  }

  std::map<std::pair<std::string, std::string>, std::vector<std::string>> records_;
  std::set<std::string> silent_;
  mutable int rounds_ = 0;
  mutable std::set<std::string> asked_;
};

}  // namespace postern::test
