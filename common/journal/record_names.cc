#include "journal/record_names.h"

#include "journal/sent_reply.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace postern {
namespace {

using expression::FurtherName;
using expression::FurtherNames;
using expression::FurtherValue;
using expression::Name;
using expression::NameRow;
using expression::ValueType;
using Texts = std::vector<std::string>;

/// RFC 5321 4.2.1: replies have three digits, the first at most 5.
constexpr std::int64_t largest_code = 599;

std::string_view reason_id(const Decision& decision) {
  return decision.reason != nullptr ? decision.reason->id : std::string_view();
}

FurtherValue code(const Record& record) {
  const auto text = code_as_sent(record);
  std::int64_t number = 0;
  const auto* end = text.data() + std::min<std::size_t>(text.size(), 3);
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return FurtherValue::absent();
  return FurtherValue::of(number);
}

FurtherValue enhanced_code(const Record& record) {
  const auto text = code_as_sent(record);
  return FurtherValue::of_text(text.size() > 4 ? std::string_view(text).substr(4)
                                               : std::string_view());
}

FurtherValue shadow(const Record& record) {
  Texts rules;
  for (const auto& entry : record.decision.trail) {
    if (entry.note == TrailNote::shadow) rules.push_back(entry.rule.name);
  }
  return FurtherValue::of(std::move(rules));
}

std::string name_of(const Question& question) {
  return std::string(to_text(question.kind)) + ' ' + question.subject + ' ' + question.key;
}

FurtherValue unavailable(const Record& record) {
  Texts causes;
  const auto add = [&causes](std::string cause) {
    if (!cause.empty() && std::find(causes.begin(), causes.end(), cause) == causes.end()) {
      causes.push_back(std::move(cause));
    }
  };
  for (const auto& entry : record.decision.trail) {
    if (entry.truth == Truth::unavailable) add(entry.cause);
  }
  for (const auto& [question, answer] : record.facts.all()) {
    if (answer.state == Answer::State::unavailable) add(name_of(question) + ": " + answer.cause);
  }
  return FurtherValue::of(std::move(causes));
}

FurtherValue facts(const Record& record) {
  Texts texts;
  for (const auto& [question, answer] : record.facts.all()) {
    auto text = name_of(question) + " = ";
    if (answer.state == Answer::State::unavailable) {
      texts.push_back(text + "unavailable: " + answer.cause);
      continue;
    }
    if (answer.values.empty()) texts.push_back(text + "nothing");
    for (const auto& value : answer.values) texts.push_back(text + value);
  }
  return FurtherValue::of(std::move(texts));
}

FurtherValue evidence(const Record& record) {
  Texts texts;
  for (const auto& entry : record.decision.trail) {
    for (const auto& each : entry.evidence) {
      auto text = each.name + " = " + each.value;
      if (std::find(texts.begin(), texts.end(), text) == texts.end()) {
        texts.push_back(std::move(text));
      }
    }
  }
  return FurtherValue::of(std::move(texts));
}

FurtherValue effects(const Record& record, bool failed_only) {
  Texts texts;
  const auto& wanted = record.decision.effects;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool failed = record.sent && i < record.sent->effects.size() &&
                        record.sent->effects[i].state == EffectState::failed;
    if (failed || !failed_only) texts.push_back(describe(wanted[i]));
  }
  return FurtherValue::of(std::move(texts));
}

template <typename Enum>
Texts words_of(Enum first, Enum last) {
  Texts words;
  for (auto i = static_cast<int>(first); i <= static_cast<int>(last); ++i) {
    words.emplace_back(to_text(static_cast<Enum>(i)));
  }
  return words;
}

Texts reason_words() {
  Texts words;
  for (const auto& reason : all_reasons()) words.emplace_back(reason.id);
  return words;
}

Texts verdict_words() { return words_of(Verdict::pass, Verdict::quarantine); }
Texts scope_words() { return words_of(AcceptScope::stage, AcceptScope::session); }
Texts kind_words() { return words_of(QuestionKind::table, QuestionKind::recipients); }
Texts stage_words() { return words_of(Stage::connect, Stage::end_of_message); }

struct Row {
  std::string_view name;
  ValueType type;
  std::string_view meaning;
  FurtherValue (*read)(const Record&);
  Texts (*words)() = nullptr;           ///< of a choice
  std::string_view member_name = {};    ///< how its value stands in a line: "name":"value"
  std::string_view before_member = {};  ///< and what stands right before that
  std::string_view hint = {};           ///< where the words are listed
  std::optional<IndexKey> key = {};     ///< by which indexes know it
};

constexpr std::string_view reasons_hint = "\"postern codes\" lists the reasons";

const std::array rows{
    Row{"verdict", ValueType::choice, "what was decided",
        [](const Record& r) { return FurtherValue::of_text(to_text(r.decision.verdict)); },
        verdict_words, "verdict", "\"decision\":{"},
    Row{"reason",
        ValueType::choice,
        "reason of a refusal, from the catalogue",
        [](const Record& r) { return FurtherValue::of_text(reason_id(r.decision)); },
        reason_words,
        "reason",
        {},
        reasons_hint},
    Row{"rule", ValueType::text, "name of the rule that decided; empty when none did",
        [](const Record& r) {
          return FurtherValue::of_text(r.decision.rule ? r.decision.rule->name : std::string());
        },
        nullptr, "name", "\"rule\":{"},
    Row{"scope", ValueType::choice, "what an accept settled",
        [](const Record& r) {
          return FurtherValue::of_text(r.decision.scope ? to_text(*r.decision.scope)
                                                        : std::string_view());
        },
        scope_words, "scope"},
    Row{"shadow", ValueType::texts,
        "names of the rules that would have decided, but were only watched", shadow},
    Row{"reply.code", ValueType::number, "code of the reply as the client saw it; none without",
        code},
    Row{"reply.enhanced_code", ValueType::text, "its enhanced code, such as \"5.7.1\"",
        enhanced_code},
    Row{"reply.text", ValueType::text, "its words, all lines as one",
        [](const Record& r) { return FurtherValue::of_text(text_as_sent(r)); }},
    Row{"spoken", ValueType::choice, "stage at which the answer was given",
        [](const Record& r) {
          return FurtherValue::of_text(r.sent ? to_text(r.sent->spoken) : std::string_view());
        },
        stage_words, "spoken"},
    Row{"softened_by", ValueType::text,
        "name of the rule whose missing answer made a refusal temporary",
        [](const Record& r) { return FurtherValue::of_text(r.decision.softened_by); }, nullptr,
        "softened_by"},
    Row{"softened_from",
        ValueType::choice,
        "reason that the refusal would have had then",
        [](const Record& r) { return FurtherValue::of_text(r.decision.softened_from); },
        reason_words,
        "softened_from",
        {},
        reasons_hint},
    Row{"missing", ValueType::choice,
        "of a refusal that is temporary for want of an answer: who did not give it",
        [](const Record& r) {
          return FurtherValue::of_text(r.decision.missing ? to_text(*r.decision.missing)
                                                          : std::string_view());
        },
        kind_words, "missing"},
    Row{"unavailable", ValueType::texts, "what could not be learned, and why", unavailable},
    Row{"facts", ValueType::texts,
        "what was asked and answered, as in \"dns A mail.example.com = 192.0.2.1\"", facts},
    Row{"evidence", ValueType::texts, "what rules looked at, as in \"partners = 192.0.2.0/24\"",
        evidence},
    Row{"effects", ValueType::texts,
        "what was done besides, as in \"tag bulk\" or \"bcc archive@example.org\"",
        [](const Record& r) { return effects(r, false); }},
    Row{"effects.failed", ValueType::texts, "those of them that failed",
        [](const Record& r) { return effects(r, true); }},
    Row{"note", ValueType::text, "why, of a discard or a quarantine",
        [](const Record& r) { return FurtherValue::of_text(r.decision.note); }, nullptr, "note"},
    Row{"reference",
        ValueType::text,
        "as in the reply: \"357Y-6A5S-H812\"",
        [](const Record& r) {
          const auto& reference = r.transaction.reference;
          return FurtherValue::of_text(reference.empty() ? std::string() : reference.text());
        },
        nullptr,
        "ref",
        {},
        {},
        IndexKey::reference},
    Row{"instance",
        ValueType::text,
        "Postfix's name of the message before it has a queue id",
        [](const Record& r) { return FurtherValue::of_text(r.transaction.instance); },
        nullptr,
        "instance",
        {},
        {},
        IndexKey::instance},
    Row{"session",
        ValueType::text,
        "our name of the SMTP session, at the milter",
        [](const Record& r) { return FurtherValue::of_text(r.transaction.session); },
        nullptr,
        "session",
        {},
        {},
        IndexKey::session},
    Row{"policy_context", ValueType::text, "restriction list that Postfix asked from",
        [](const Record& r) { return FurtherValue::of_text(r.transaction.policy_context); },
        nullptr, "policy_context"},
    Row{"policy", ValueType::text, "digest of the policy that decided",
        [](const Record& r) { return FurtherValue::of_text(r.policy_digest); }, nullptr, "policy"},
    Row{"host", ValueType::domain, "our name, identity.host",
        [](const Record& r) { return FurtherValue::of_text(r.host); }},
    Row{"engine", ValueType::text, "version of the program",
        [](const Record& r) { return FurtherValue::of_text(r.engine); }, nullptr, "engine"},
    Row{"elapsed_us", ValueType::number, "microseconds from the request to the answer",
        [](const Record& r) { return FurtherValue::of(r.elapsed.count()); }},
};

FurtherNames make_names() {
  FurtherNames names;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto most = row.name == "reply.code" ? largest_code : expression::unlimited;
    FurtherName name{
        NameRow{Name::further, row.name, row.type, Stage::connect, Stage::end_of_message,
                Subjects{}, QuestionKind::upstream, most, row.meaning},
        i};
    if (row.words != nullptr) name.words = row.words();
    name.words_hint = row.hint;
    names.all.push_back(std::move(name));
  }
  names.unknown_hint =
      "conditions that have a name in the policy are not known here; docs/log.md has the names "
      "that are";
  names.table_hint =
      "tables are those of the policy, if it has no problems; else write the values in [ ]";
  return names;
}

}  // namespace

const expression::FurtherNames& record_names() {
  static const FurtherNames names = make_names();
  return names;
}

expression::FurtherValue RecordValues::value(const expression::FurtherName& name) const {
  return rows[name.number].read(record_);
}

std::optional<LineClue> clue_of(const expression::FurtherName& name,
                                const std::vector<std::string>& texts,
                                const std::vector<std::int64_t>& numbers) {
  const auto& row = rows[name.number];
  LineClue clue;
  if (row.name == "reply.code") {
    for (const auto number : numbers) {
      const auto digits = std::to_string(number);
      clue.octets.push_back("\"expected\":[\"" + digits);
      clue.octets.push_back("\"code\":" + digits);
    }
    return clue;
  }
  if (row.member_name.empty()) return std::nullopt;
  for (const auto& text : texts) {
    // That a member is missing shows nowhere.
    if (text.empty()) return std::nullopt;
    clue.octets.push_back(std::string(row.before_member) + json_member_text(row.member_name, text));
    if (row.key) clue.keys.push_back(key_number_of_text(*row.key, text));
  }
  return clue;
}

}  // namespace postern
