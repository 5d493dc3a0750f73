#include "reply/codes_cause.h"

#include "postern/reply.h"
#include "reply/codes_known.h"
#include "reply/codes_own.h"
#include "reply/codes_phrases.h"

#include <algorithm>
#include <cstdint>

namespace postern {

namespace {

/// Whether the advice of a reason speaks of replies of this class.
bool advises(const Reason& reason, int klass) {
  switch (klass) {
    case 0:
      return true;  // only X was given
    case 2:
      return reason.kind == ReasonClass::positive;
    case 4:
      return reason.kind == ReasonClass::temporary;
    case 5:
      return reason.kind == ReasonClass::permanent;
    default:
      return false;
  }
}

std::vector<ReplyForm> forms_of(const Reason& reason) {
  const auto allowed = allowed_forms(reason);
  std::vector<ReplyForm> forms(allowed.begin(), allowed.end());
  for (const auto& at : reason.at) {
    if (const auto form = ReplyForm::parse(at.reply)) forms.push_back(*form);
  }
  return forms;
}

bool is_spoken_with_class(const Reason& reason, int klass) {
  if (advises(reason, klass)) return true;
  const auto forms = forms_of(reason);
  return std::any_of(forms.begin(), forms.end(),
                     [&](const ReplyForm& form) { return form.code.first_digit() == klass; });
}

/// Codes that say little or nothing about the cause: X.0.0, X.7.0, X.7.1, ...
bool is_general(const AskedEnhanced& enhanced) {
  return enhanced.detail == 0 || (enhanced.subject == 7 && enhanced.detail == 1);
}

/// How well a reason agrees with the enhanced code of a reply.
enum class Agreement : std::uint8_t { none, possible, exact };

Agreement agreement(const Explanation& e, const Reason& reason) {
  if (!e.enhanced || e.enhanced->subject == 0) return Agreement::possible;
  // A code of nobody is read by its subject (RFC 3463 2).
  const bool general = is_general(*e.enhanced) || e.entry == nullptr;
  auto best = Agreement::none;
  for (const auto& form : forms_of(reason)) {
    if (!form.enhanced || form.enhanced->subject() != e.enhanced->subject) continue;
    if (general) {
      best = Agreement::possible;
    } else if (form.enhanced->detail() == e.enhanced->detail) {
      return Agreement::exact;
    }
  }
  return best;
}

/// What the words of a reply point at.
struct Suspects {
  const Reason* fitting = nullptr;  ///< of the code's class
  const Reason* other = nullptr;    ///< of the other class: the server contradicts itself
};

/// Which of two reasons for one cause is meant: by its kind, else by a form it is spoken with.
Suspects by_class(const Explanation& e, std::string_view id, std::string_view counterpart) {
  const Reason* const reasons[] = {find_reason(id), find_reason(counterpart)};
  for (const auto* reason : reasons) {
    if (reason != nullptr && advises(*reason, e.klass)) return {reason, nullptr};
  }
  for (const auto* reason : reasons) {
    if (reason != nullptr && is_spoken_with_class(*reason, e.klass)) return {reason, nullptr};
  }
  return {nullptr, reasons[0]};
}

/// The reason that a telling code names by itself, being the only one that has it by default.
const Reason* reason_of_code(const Explanation& e) {
  const bool telling = e.klass != 0 && e.entry != nullptr && !is_general(*e.enhanced) &&
                       e.entry->subject != 5 && !mostly_misused(e.code, e.enhanced);
  const auto defaults =
      std::count_if(e.uses.begin(), e.uses.end(), [](const Use& use) { return use.is_default; });
  return telling && defaults == 1 ? e.uses.front().reason : nullptr;
}

/// The reason by words that agree exactly with the code, else by words that are plain enough to
/// beat it, else by the code alone, else by mere hints that do not speak against it.
Suspects by_words(const Explanation& e, std::string_view text) {
  const auto phrases = phrases_in(text);
  const auto agrees = [&](const Phrase& phrase) {
    auto best = Agreement::none;
    for (const auto id : {phrase.reason, phrase.counterpart}) {
      const auto* reason = find_reason(id);
      if (reason != nullptr) best = std::max(best, agreement(e, *reason));
    }
    return best;
  };
  const auto first = [&](auto fits) -> Suspects {
    const auto found =
        std::find_if(phrases.begin(), phrases.end(), [&](const auto* row) { return fits(*row); });
    if (found == phrases.end()) return {};
    return by_class(e, (*found)->reason, (*found)->counterpart);
  };
  const auto exact = first([&](const Phrase& row) { return agrees(row) == Agreement::exact; });
  if (exact.fitting != nullptr) return exact;
  if (const auto* reason = reason_of_code(e)) {
    const auto plain = first([](const Phrase& row) { return row.weight == Weight::plain; });
    return plain.fitting != nullptr ? plain : Suspects{reason, plain.other};
  }
  return first([&](const Phrase& row) {
    return row.weight == Weight::plain || agrees(row) != Agreement::none;
  });
}

/// Without this a help desk would believe the words and wait for a message that was given up.
void note_clash_with_words(Explanation& e, const Reason& suggested) {
  const bool gives_up = e.klass == 5;
  e.notes.push_back(
      "The words suggest " + std::string(suggested.id) + " (" + std::string(suggested.what) +
      "), but the code says " + std::string(class_word(e.klass)) +
      ", and mail servers act on the code: the sending server " +
      (gives_up ? "gives up and tells the sender." : "keeps the message and tries again."));
}

/// Advice of a reason that fits the class of the code, though the reason may be of the other.
void advise_by_reason(Explanation& e, const Reason& reason) {
  if (advises(reason, e.klass)) {
    e.advice = Explanation::Advice::of_reason;
    e.who = who_acts(reason);
    e.what_to_do = reason.sender_help;
  } else if (e.klass == 4 && reason.kind == ReasonClass::permanent) {
    e.advice = Explanation::Advice::of_cause;
    e.who = "the sending server, which tries again automatically; if it lasts, " + who_acts(reason);
    e.what_to_do = "The sending server keeps the message and tries again. If that does not help: " +
                   std::string(reason.sender_help);
  }
}

}  // namespace

void find_cause(Explanation& e, const CodesQuery& query) {
  if (const auto* own = own_reason(query)) {
    e.likely = own;
    advise_by_reason(e, *own);
    return;
  }
  const auto text = searchable_words(query.words);
  const auto uses = known_uses(e.code, e.enhanced, text);
  const auto said = [](const FoundUse& found) { return found.said && !found.use->words.empty(); };
  const bool in_words = std::any_of(uses.begin(), uses.end(), said);
  const KnownUse* cause = nullptr;
  for (const auto& found : uses) {
    if (in_words && (!said(found) || cause != nullptr)) continue;
    const bool tells = found.said && !(found.use->reason.empty() && found.use->who.empty());
    if (tells) cause = found.use;
    if (tells && !found.use->who.empty()) continue;  // told as the cause
    e.notes.push_back(found.said ? std::string(found.use->meaning)
                                 : "Where it says \"" + std::string(found.use->words) +
                                       "\": " + std::string(found.use->meaning));
  }
  const bool is_refusal = e.klass == 4 || e.klass == 5;
  if (cause != nullptr && !cause->who.empty() && is_refusal) {
    e.cause = cause->meaning;
    e.advice = Explanation::Advice::of_cause;
    e.who = cause->who;
    e.what_to_do = cause->what_to_do;
    return;
  }
  const auto [fitting, other] = cause != nullptr && !cause->reason.empty()
                                    ? by_class(e, cause->reason, cause->counterpart)
                                    : by_words(e, text);
  e.likely = fitting;
  if (fitting != nullptr) {
    advise_by_reason(e, *fitting);
  } else if (other != nullptr && is_refusal) {
    note_clash_with_words(e, *other);
    advise_by_reason(e, *other);
  }
}

}  // namespace postern
