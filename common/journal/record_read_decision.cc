#include "journal/record_parts.h"

#include <initializer_list>
#include <utility>

namespace postern {
namespace {

template <typename Enum>
auto parser(std::initializer_list<Enum> all) {
  return [all](std::string_view text) -> std::optional<Enum> {
    for (const auto value : all) {
      if (to_text(value) == text) return value;
    }
    return std::nullopt;
  };
}

std::optional<RuleMode> mode_from_text(std::string_view text) {
  return parser({RuleMode::enforce, RuleMode::shadow})(text);
}

std::optional<TrailNote> note_from_text(std::string_view text) {
  return parser({TrailNote::none, TrailNote::not_reached, TrailNote::settled,
                 TrailNote::not_at_this_door, TrailNote::no_recipient,
                 TrailNote::recipients_unknown, TrailNote::local_submission, TrailNote::shadow,
                 TrailNote::expired})(text);
}

RulePlace read_place(const JsonObject& from) {
  RulePlace place;
  place.name = from.text("name");
  place.file = from.text("file");
  place.line = from.number<unsigned>("line");
  place.stage = from.word("stage", Stage::connect, stage_from_text);
  return place;
}

TrailEntry read_trail_entry(const JsonObject& from) {
  TrailEntry entry;
  entry.rule = read_place(from.object("rule"));
  entry.truth = from.word("truth", Truth::no, truth_from_text);
  if (from.has("note")) {
    entry.note = from.word("note", TrailNote::none, note_from_text);
  }
  entry.mode = from.word("mode", RuleMode::enforce, mode_from_text);
  if (from.has("share")) entry.share = from.number<unsigned>("share");
  entry.verdict = from.word("verdict", Verdict::pass, verdict_from_text);
  entry.reason = from.text("reason");
  entry.cause = from.text("cause");
  from.list("evidence", [&](const JsonValue& element) {
    const JsonObject evidence(element, "evidence", from.faults());
    entry.evidence.push_back(
        {evidence.text("name"), evidence.text("value"), read_source(evidence)});
  });
  from.list("effects", [&](const JsonValue& element) {
    entry.effects.push_back(from.as_text(element, "effects"));
  });
  return entry;
}

std::optional<Reply> read_reply(const JsonObject& from) {
  const auto stage = from.word("stage", ReplyStage::rcpt, reply_stage_from_text);
  const auto code = ReplyCode::from(from.number<int>("code"));
  std::optional<EnhancedCode> enhanced;
  if (const std::string text = from.text("enhanced"); !text.empty()) {
    enhanced = EnhancedCode::parse(text);
    if (!enhanced) from.faults().add("reply.enhanced", "is not registered: " + text);
  }
  if (!code) {
    from.faults().add("reply.code", "is not registered");
    return std::nullopt;
  }
  const JsonObject parts = from.object("text");
  ReplyText text;
  text.host = parts.text("host");
  text.sentence = parts.text("sentence");
  text.reference = parts.text("reference");
  text.advice = parts.text("advice");
  text.quote = parts.text("quote");
  text.contact = parts.text("contact");
  text.help = parts.text("help");
  auto reply = Reply::make(stage, ReplyForm{*code, enhanced}, std::move(text));
  if (reply) return std::move(reply).value();
  const auto& problems = reply.problems();
  from.faults().add("reply", problems.empty() ? "is not legal" : problems.front().message);
  return std::nullopt;
}

Effect read_effect(const JsonObject& from) {
  Effect effect;
  effect.kind = from.word("kind", EffectKind::tag, effect_kind_from_text);
  effect.rule = from.text("rule");
  effect.name = from.text("name");
  effect.value = from.text("value");
  effect.delay = std::chrono::milliseconds(from.number<std::int64_t>("delay_ms"));
  return effect;
}

}  // namespace

std::optional<HeldBack> read_held_back(const JsonObject& parent) {
  if (!parent.has("held_back")) return std::nullopt;
  const JsonObject from = parent.object("held_back");
  return HeldBack{from.text("rule"), from.word("would", HeldBack::Would::accept, would_from_text),
                  from.word("missing", QuestionKind::sample, question_kind_from_text)};
}

AnswerSource read_source(const JsonObject& parent) {
  const JsonObject from = parent.object("source");
  AnswerSource source;
  source.name = from.text("name");
  source.file = from.text("file");
  source.line = from.number<unsigned>("line");
  source.digest = from.text("digest");
  source.elapsed = std::chrono::microseconds(from.number<std::int64_t>("elapsed_us"));
  source.age = std::chrono::seconds(from.number<std::int64_t>("age_s"));
  source.mapped = from.text("mapped");
  source.note = from.text("note");
  return source;
}

void read_decision(const JsonObject& from, Decision& decision) {
  decision.verdict = from.word("verdict", Verdict::pass, verdict_from_text);
  if (from.has("scope")) {
    decision.scope = from.word("scope", AcceptScope::stage, accept_scope_from_text);
  }
  if (from.has("rule")) decision.rule = read_place(from.object("rule"));
  if (const std::string reason = from.text("reason"); !reason.empty()) {
    decision.reason = find_reason(reason);
    if (decision.reason == nullptr) from.faults().add("reason", "is not in the catalogue");
  }
  if (from.has("reply")) decision.reply = read_reply(from.object("reply"));
  decision.softened_by = from.text("softened_by");
  decision.softened_from = from.text("softened_from");
  if (from.has("missing")) {
    decision.missing = from.word("missing", QuestionKind::sample, question_kind_from_text);
  }
  decision.held_back = read_held_back(from);
  decision.note = from.text("note");
  from.list("effects", [&](const JsonValue& element) {
    decision.effects.push_back(read_effect(JsonObject(element, "effects", from.faults())));
  });
  from.list("trail", [&](const JsonValue& element) {
    decision.trail.push_back(read_trail_entry(JsonObject(element, "trail", from.faults())));
  });
}

}  // namespace postern
