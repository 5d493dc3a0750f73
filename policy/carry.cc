#include "policy/carry.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace postern::policy_door {
namespace {

/// One thing to be done by an action.
struct Piece {
  std::size_t id = 0;
  std::string action;
  bool repeatable = false;  ///< Postfix may be told twice
  std::optional<std::size_t> effect;
  int order = 0;          ///< what would be missed most comes first
  bool carriable = true;  ///< by an answer at this stage
};

std::size_t id_of(std::string_view what, std::string_view rule, std::size_t number) {
  std::string text(what);
  text.append("\n").append(rule).append("\n").append(std::to_string(number));
  return std::max<std::size_t>(std::hash<std::string>{}(text), 1);
}

std::optional<Piece> piece_of(const Effect& effect, std::size_t number) {
  Piece piece;
  // Values may name the reference, which is another at each request; where the piece stands in
  // its rule does not change.
  piece.id = id_of(to_text(effect.kind), effect.rule, number);
  switch (effect.kind) {
    case EffectKind::redirect:
      piece.action = "REDIRECT " + effect.value;
      piece.repeatable = true;
      piece.order = 1;
      return piece;
    case EffectKind::bcc:
      piece.action = "BCC " + effect.value;
      piece.order = 2;
      return piece;
    case EffectKind::add_header:
      piece.action = "PREPEND " + effect.name + ": " + effect.value;
      piece.order = 3;
      return piece;
    case EffectKind::warn:
      piece.id = id_of(effect.value, effect.rule, number);
      piece.action = "WARN " + effect.value;
      piece.order = 4;
      return piece;
    case EffectKind::remove_header:
    case EffectKind::tag:
    case EffectKind::delay:
      break;
  }
  return std::nullopt;
}

/// Why the effect can never be carried by an answer at `stage`; empty: it can.
std::string why_never(const Effect& effect, Stage stage) {
  if (effect.kind == EffectKind::remove_header) {
    return "Postfix's policy protocol cannot remove header fields";
  }
  if (effect.kind == EffectKind::add_header && stage > Stage::data) {
    return "Postfix takes no header field from a policy service at END-OF-MESSAGE";
  }
  return {};
}

std::vector<EffectFate> first_fates(const Decision& decision, Stage stage, bool known_message) {
  std::vector<EffectFate> fates;
  fates.reserve(decision.effects.size());
  for (const auto& effect : decision.effects) {
    if (!touches_message(effect.kind)) {
      fates.push_back({EffectState::done, {}});
    } else if (auto why = why_never(effect, stage); !why.empty()) {
      fates.push_back({EffectState::failed, std::move(why)});
    } else if (stage < Stage::rcpt) {
      fates.push_back({EffectState::waiting, "for RCPT"});
    } else if (!known_message) {
      fates.push_back({EffectState::failed, "the request named no instance"});
    } else if (stage == Stage::end_of_message) {
      fates.push_back({EffectState::failed,
                       "Postfix takes one action with an answer, and this was "
                       "the last request of the message"});
    } else {
      fates.push_back({EffectState::waiting, "Postfix takes one action with an answer"});
    }
  }
  return fates;
}

/// With those that an answer at `stage` cannot carry, which an earlier one may have carried.
std::vector<Piece> pieces_of(const Decision& decision, Stage stage, const Reference& reference) {
  std::vector<Piece> pieces;
  if (decision.verdict == Verdict::quarantine) {
    pieces.push_back({id_of("hold", "", 0), "HOLD " + logged_note(decision.note, reference), true,
                      std::nullopt, 0});
  }
  const auto& effects = decision.effects;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const auto number = static_cast<std::size_t>(
        std::count_if(effects.begin(), effects.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](const Effect& other) {
                        return other.kind == effects[i].kind && other.rule == effects[i].rule;
                      }));
    auto piece = piece_of(effects[i], number);
    if (!piece) continue;
    piece->effect = i;
    piece->carriable = why_never(effects[i], stage).empty();
    pieces.push_back(std::move(*piece));
  }
  // What cannot be carried stands last, so that whoever chooses may leave out the end.
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return a.carriable != b.carriable ? a.carriable : a.order < b.order;
  });
  return pieces;
}

}  // namespace

Carried carry(const Decision& decision, Stage stage, Memory& memory, const Memory::Key& key,
              const Reference& reference, std::size_t before) {
  Carried carried;
  if (decision.effects.empty() && decision.verdict != Verdict::quarantine) return carried;
  carried.fates = first_fates(decision, stage, !key.empty());
  // A refusal is an action of its own; what is to be logged is in our log.
  const bool refused = decision.verdict == Verdict::reject || decision.verdict == Verdict::defer ||
                       decision.verdict == Verdict::discard;
  if (refused || stage < Stage::rcpt) return carried;

  const auto pieces = pieces_of(decision, stage, reference);
  std::vector<std::size_t> ids;
  ids.reserve(pieces.size());
  const Piece* chosen = nullptr;
  for (const auto& piece : pieces) {
    ids.push_back(piece.id);
    if (piece.repeatable && piece.id == before) chosen = &piece;
  }
  const auto carriable = static_cast<std::size_t>(std::count_if(
      pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.carriable; }));
  const auto claimed = memory.claim(key, ids, chosen == nullptr ? carriable : 0);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (claimed.before[i] && pieces[i].effect &&
        touches_message(decision.effects[*pieces[i].effect].kind)) {
      carried.fates[*pieces[i].effect] = {EffectState::earlier, {}};
    }
  }
  if (claimed.now) chosen = &pieces[*claimed.now];
  // Without memory, and when all has been said: a hold is never too much.
  if (chosen == nullptr && decision.verdict == Verdict::quarantine) chosen = &pieces.front();
  if (chosen == nullptr) return carried;
  carried.action = chosen->action;
  carried.id = chosen->id;
  if (chosen->effect) carried.fates[*chosen->effect] = {EffectState::done, {}};
  return carried;
}

}  // namespace postern::policy_door
