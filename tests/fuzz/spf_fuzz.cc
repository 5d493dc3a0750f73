// SPF: whatever domains publish, an evaluation ends within its limits, and the order in which
// answers come changes nothing.
//
// The first line is the sender, the second the HELO name; the others are answers, taken by a hash
// of the question: "!" is trouble, "" nothing, else records between tabs.
#include "checks/spf.h"
#include "model/dns_name.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace postern;

void require(bool good) {
  if (!good) std::abort();
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Answer answer_to(const Question& question, const std::vector<std::string_view>& lines) {
  if (lines.size() < 3) return Answer::nothing();
  // The first question gets the third line, so that a seed's record is the sender's.
  std::size_t hash = 0;
  for (const char c : question.key) hash = hash * 31 + static_cast<unsigned char>(c);
  for (const char c : question.subject) hash = hash * 31 + static_cast<unsigned char>(c);
  const bool own = question.subject == "TXT" && question.key == "example.com";
  const auto line = lines[own ? 2 : 2 + hash % (lines.size() - 2)];
  if (line.empty()) return Answer::nothing();
  if (line == "!") return Answer::unavailable("timeout");
  std::vector<std::string> values;
  for (const auto value : split(line, '\t')) values.emplace_back(value);
  return Answer::found(std::move(values));
}

enum class Turn { first, last, all };

SpfOutcome evaluate(const SpfRequest& request, const std::vector<std::string_view>& lines,
                    Turn turn) {
  Facts facts;
  const auto lookup = [&](const Question& q) { return facts.find(q); };
  for (int rounds = 0;; ++rounds) {
    require(rounds < 400);
    auto outcome = spf(request, {}, lookup, SpfTrace::wanted);
    const bool open =
        outcome.state == SpfOutcome::State::open || outcome.words == SpfOutcome::Words::open;
    if (!open) return outcome;
    require(!outcome.questions.empty());
    for (const auto& question : outcome.questions) {
      require(facts.find(question) == nullptr);
      require(dns_name(question.key) == question.key);
      if (turn == Turn::first && &question != &outcome.questions.front()) continue;
      if (turn == Turn::last && &question != &outcome.questions.back()) continue;
      facts.add(question, answer_to(question, lines));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = split(text, '\n');
  if (lines.size() < 2 || size > 4096) return 0;
  const auto client = *IpAddress::parse(size % 2 == 0 ? "192.0.2.1" : "2001:db8::1");
  auto request =
      SpfRequest::of_sender(client, MailAddress::from_envelope(lines[0]), std::string(lines[1]));
  const auto outcome = evaluate(request, lines, Turn::all);
  require(outcome.lookups <= SpfLimits().lookups);
  static_cast<void>(spf_trace_text(outcome));
  for (const auto turn : {Turn::first, Turn::last}) {
    const auto other = evaluate(request, lines, turn);
    require(other.result == outcome.result);
    require(other.lookups == outcome.lookups && other.voids == outcome.voids);
    require(other.explanation == outcome.explanation && other.problem == outcome.problem);
  }
  return 0;
}
