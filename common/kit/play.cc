#include "kit/play.h"

#include <utility>
#include <variant>

namespace postern {
namespace {

/// Each round has an answer that was not there before, so this many can only be reached by checks
/// that ask for ever.
constexpr int most_rounds = 10'000;

void answer(const std::vector<Question>& questions, const World& world, Facts& facts) {
  for (const auto& question : questions) facts.add(question, world.answer(question));
}

/// At RCPT, of each recipient, in order.
std::vector<Played> play_recipients(const Scene& scene, const World& world, const Policy& policy) {
  std::vector<Played> played;
  for (const auto& recipient : scene.recipients) {
    played.push_back(decide_in(world, policy, scene.before_data(Stage::rcpt, recipient)));
  }
  return played;
}

/// At a stage behind RCPT; nothing if no recipient is left.
std::optional<Played> play_message(const Scene& scene, const World& world, const Policy& policy,
                                   const std::vector<Played>& recipients) {
  std::vector<AcceptedRecipient> accepted;
  for (const auto& each : recipients) {
    auto recipient = accepted_recipient(each.transaction.recipient.value(), each.decision);
    if (recipient) accepted.push_back(std::move(*recipient));
  }
  if (accepted.empty()) return {};
  return decide_in(world, policy, scene.after_rcpt(scene.end(), std::move(accepted)));
}

}  // namespace

Played decide_in(const World& world, const Policy& policy, Transaction transaction) {
  Played played;
  played.transaction = std::move(transaction);
  for (int round = 0; round < most_rounds; ++round) {
    auto outcome = evaluate(policy, played.transaction, played.facts);
    if (const auto* more = std::get_if<NeedsMore>(&outcome)) {
      answer(more->questions, world, played.facts);
      continue;
    }
    played.decision = std::move(std::get<Decision>(outcome));
    const auto asked = shadow_questions(policy, played.transaction, played.facts);
    if (asked.empty()) break;
    answer(asked, world, played.facts);
  }
  return played;
}

std::vector<Played> play(const Scene& scene, const World& world, const Policy& policy) {
  std::vector<Played> played;
  const auto end = scene.end();
  for (const auto stage : {Stage::connect, Stage::helo, Stage::mail}) {
    if (stage <= end) played.push_back(decide_in(world, policy, scene.before_data(stage, {})));
  }
  if (end < Stage::rcpt) return played;
  auto recipients = play_recipients(scene, world, policy);
  auto message = end > Stage::rcpt ? play_message(scene, world, policy, recipients) : std::nullopt;
  for (auto& each : recipients) played.push_back(std::move(each));
  if (message) played.push_back(std::move(*message));
  return played;
}

Played play_end(const Scene& scene, const World& world, const Policy& policy) {
  const auto end = scene.end();
  if (end < Stage::rcpt) return decide_in(world, policy, scene.before_data(end, {}));
  auto recipients = play_recipients(scene, world, policy);
  if (end > Stage::rcpt) {
    if (auto message = play_message(scene, world, policy, recipients)) return std::move(*message);
  }
  return std::move(recipients.front());
}

}  // namespace postern
