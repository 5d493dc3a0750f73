#include "journal/replay.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

// A rule asked again after its answer came may ask one more question; a policy that never comes to
// an end would be a bug of evaluate(), and a replay must not hang on it.
constexpr int most_rounds = 1000;

std::string text_of(const std::optional<RulePlace>& rule) {
  if (!rule) return "none";
  return '"' + rule->name + "\" (" + rule->file + ':' + std::to_string(rule->line) + ", " +
         std::string(to_text(rule->stage)) + ')';
}

std::string text_of(const std::optional<QuestionKind>& missing) {
  return missing ? std::string(to_text(*missing)) : "none";
}

std::string text_of(const std::optional<HeldBack>& held_back) {
  if (!held_back) return "none";
  return held_back->rule + ", would " + std::string(to_text(held_back->would)) + ", missing " +
         std::string(to_text(held_back->missing));
}

std::string text_of(const Reason* reason) {
  return reason == nullptr ? "none" : std::string(reason->id);
}

std::string text_of(const std::optional<Reply>& reply) {
  if (!reply) return "none";
  std::string text(to_text(reply->stage()));
  text += ' ' + reply->form().text();
  const ReplyText& parts = reply->text();
  for (const auto* part : {&parts.host, &parts.sentence, &parts.reference, &parts.advice,
                           &parts.quote, &parts.contact, &parts.help}) {
    if (!part->empty()) text += " | " + *part;
  }
  return text;
}

std::string text_of(const std::vector<Effect>& effects) {
  std::string text;
  for (const auto& effect : effects) {
    if (!text.empty()) text += ", ";
    text += describe(effect) + " (" + effect.rule + ')';
  }
  return text.empty() ? "none" : text;
}

std::string text_of(const TrailEntry& entry) {
  std::string text = text_of(std::optional<RulePlace>(entry.rule)) + ": ";
  text += to_text(entry.truth);
  if (entry.note != TrailNote::none) text += ", " + std::string(to_text(entry.note));
  if (entry.mode != RuleMode::enforce) text += ", " + std::string(to_text(entry.mode));
  if (entry.share != 0) text += ", " + std::to_string(entry.share) + '%';
  text += ", " + std::string(to_text(entry.verdict));
  if (!entry.reason.empty()) text += ' ' + entry.reason;
  if (!entry.cause.empty()) text += ", cause " + entry.cause;
  for (const auto& evidence : entry.evidence) text += ", " + evidence.name + '=' + evidence.value;
  for (const auto& effect : entry.effects) text += ", " + effect;
  return text;
}

void compare_trails(const std::vector<TrailEntry>& recorded,
                    const std::vector<TrailEntry>& replayed, std::vector<Difference>& found) {
  const std::string missing = "no such entry";
  for (std::size_t i = 0; i < std::max(recorded.size(), replayed.size()); ++i) {
    const TrailEntry* before = i < recorded.size() ? &recorded[i] : nullptr;
    const TrailEntry* after = i < replayed.size() ? &replayed[i] : nullptr;
    if (before != nullptr && after != nullptr && *before == *after) continue;
    found.push_back({"trail, entry " + std::to_string(i + 1),
                     before != nullptr ? text_of(*before) : missing,
                     after != nullptr ? text_of(*after) : missing});
  }
}

}  // namespace

Decision replay(const Policy& policy, const Record& record, std::vector<Question>* missing,
                Detail detail) {
  Facts facts = record.facts;
  for (int round = 0; round < most_rounds; ++round) {
    auto outcome = evaluate(policy, record.transaction, facts, detail);
    if (auto* decision = std::get_if<Decision>(&outcome)) {
      if (record.detail == RecordDetail::compact && detail == Detail::full) {
        leave_remarkable(decision->trail);
      }
      return std::move(*decision);
    }
    for (const auto& question : std::get<NeedsMore>(outcome).questions) {
      if (missing != nullptr) missing->push_back(question);
      facts.add(question, Answer::unavailable("not recorded"));
    }
  }
  return {};
}

std::vector<Difference> differences(const Decision& recorded, const Decision& replayed) {
  std::vector<Difference> found;
  const auto compare = [&found](std::string what, std::string before, std::string after) {
    if (before != after) {
      found.push_back({std::move(what), std::move(before), std::move(after)});
    }
  };
  const auto scope = [](const Decision& decision) {
    return decision.scope ? std::string(to_text(*decision.scope)) : std::string("none");
  };
  compare("verdict", std::string(to_text(recorded.verdict)),
          std::string(to_text(replayed.verdict)));
  compare("scope", scope(recorded), scope(replayed));
  compare("rule", text_of(recorded.rule), text_of(replayed.rule));
  compare("reason", text_of(recorded.reason), text_of(replayed.reason));
  compare("reply", text_of(recorded.reply), text_of(replayed.reply));
  compare("softened by", recorded.softened_by, replayed.softened_by);
  compare("softened from", recorded.softened_from, replayed.softened_from);
  compare("missing", text_of(recorded.missing), text_of(replayed.missing));
  compare("held back", text_of(recorded.held_back), text_of(replayed.held_back));
  compare("note", recorded.note, replayed.note);
  compare("effects", text_of(recorded.effects), text_of(replayed.effects));
  compare_trails(recorded.trail, replayed.trail, found);
  // Whatever the texts above do not show must not pass for equality.
  if (found.empty() && recorded != replayed) found.push_back({"decision", "differs", "differs"});
  return found;
}

}  // namespace postern
