#include "reply/codes_explanation.h"

#include "model/text.h"
#include "postern/reply.h"
#include "reply/codes_cause.h"
#include "reply/codes_known.h"

#include <algorithm>

namespace postern {

namespace {

std::string_view subject_words(int subject) {
  constexpr std::string_view words[] = {
      "no particular subject",      "an address",
      "the recipient's mailbox",    "the mail system",
      "the network or routing",     "the dialogue between the servers",
      "the content of the message", "security or policy"};
  return subject >= 0 && subject < static_cast<int>(std::size(words))
             ? words[subject]
             : std::string_view("a subject that RFC 3463 does not define");
}

bool form_matches(const Explanation& e, std::string_view form) {
  const auto parsed = ReplyForm::parse(form);
  if (!parsed) return false;
  if (e.code && parsed->code.value() != *e.code) return false;
  if (e.enhanced) {
    if (!parsed->enhanced || parsed->enhanced->subject() != e.enhanced->subject ||
        parsed->enhanced->detail() != e.enhanced->detail) {
      return false;
    }
    if (e.enhanced->klass != 0 && parsed->enhanced->klass() != e.enhanced->klass) return false;
  }
  return true;
}

std::vector<Use> uses_of(const Explanation& e) {
  std::vector<Use> uses;
  for (const auto& reason : all_reasons()) {
    if (form_matches(e, reason.reply)) {
      uses.push_back({&reason, std::string(reason.reply), true});
      continue;
    }
    std::vector<std::string_view> others(reason.tolerated.begin(), reason.tolerated.end());
    for (const auto& at : reason.at) others.push_back(at.reply);
    const auto found = std::find_if(others.begin(), others.end(),
                                    [&](std::string_view form) { return form_matches(e, form); });
    if (found != others.end()) uses.push_back({&reason, std::string(*found), false});
  }
  std::stable_partition(uses.begin(), uses.end(), [](const Use& use) { return use.is_default; });
  return uses;
}

std::string listed_codes(const EnhancedEntry& entry) {
  std::vector<std::string> codes;
  for (const int code : entry.basic_codes) {
    if (code != 0) codes.push_back(std::to_string(code) + (code < 10 ? "yz" : ""));
  }
  return joined(codes, ", ");
}

void note_code(Explanation& e) {
  if (!e.code || e.basic != nullptr) return;
  const int code = *e.code;
  const int first = code / 100;
  const int second = code / 10 % 10;
  const auto text = std::to_string(code);
  if (first < 2 || first > 5) {
    e.notes.push_back(
        text + " is not an SMTP reply code: the first digit is 2, 3, 4 or 5 (RFC 5321 4.2).");
  } else if (second > 5) {
    e.notes.push_back(text +
                      " cannot be an SMTP reply code: the second digit ends at 5 "
                      "(RFC 5321 4.2). Clients act on the first digit alone.");
  } else {
    e.notes.push_back(text +
                      " is defined by no RFC and listed in no registry. Clients act on the "
                      "first digit, which says " +
                      std::string(class_word(first)) + '.');
  }
}

void note_enhanced(Explanation& e) {
  if (!e.enhanced) return;
  const auto& asked = *e.enhanced;
  const auto text = asked.text();
  if (asked.klass != 0 && asked.klass != 2 && asked.klass != 4 && asked.klass != 5) {
    e.notes.push_back(text + " is not an enhanced code: its class is 2, 4 or 5 (RFC 3463 2).");
  }
  if (e.entry == nullptr) {
    e.notes.push_back(text +
                      " is not in the IANA registry, so its sender made it up. By RFC 3463 2 "
                      "it is read by its first two numbers: " +
                      std::string(class_word(asked.klass)) + ", about " +
                      std::string(subject_words(asked.subject)) + '.');
    return;
  }
  const auto rule = e.entry->class_rule;
  const auto subject = "X." + std::to_string(asked.subject) + '.' + std::to_string(asked.detail);
  if (asked.klass == 4 && rule == ClassRule::permanent_only) {
    e.notes.push_back("RFC 3463 has " + subject +
                      " as permanent only. Many servers send it with a temporary code all the "
                      "same, and clients act on the code: the message is tried again.");
  } else if (asked.klass == 5 && rule == ClassRule::transient_only) {
    e.notes.push_back("RFC 3463 has " + subject +
                      " as temporary only. With a permanent code clients give up all the same.");
  } else if (asked.klass == 4 && rule == ClassRule::permanent_should) {
    e.notes.push_back("RFC 3463 asks for a permanent code with " + subject + '.');
  } else if (asked.klass == 5 && rule == ClassRule::transient_should) {
    e.notes.push_back("RFC 3463 asks for a temporary code with " + subject + '.');
  } else if (asked.klass > 2 && rule == ClassRule::success) {
    e.notes.push_back(subject + " belongs to positive replies and says nothing in a refusal.");
  }
}

void note_pair(Explanation& e) {
  if (!e.code || !e.enhanced) return;
  const int first = *e.code / 100;
  const int klass = e.enhanced->klass;
  if (klass != 0 && klass != first) {
    e.notes.push_back(
        "The two codes contradict each other: " + std::to_string(*e.code) + " is " +
        std::string(class_word(first)) + ", " + e.enhanced->text() + " is " +
        std::string(class_word(klass)) + ". RFC 2034 4 wants them equal. Clients act on the " +
        std::to_string(*e.code) + ", so take it as " + std::string(class_word(first)) + '.');
  }
  if (first == 3) {
    e.notes.push_back("A 3yz reply carries no enhanced code (RFC 2034 4).");
  }
  if (e.entry != nullptr && e.entry->basic_codes[0] != 0 && !registry_pairs(*e.entry, *e.code) &&
      e.uses.empty() && !mostly_misused(e.code, e.enhanced)) {
    e.notes.push_back("An unusual pair: the registry lists X." +
                      std::to_string(e.enhanced->subject) + '.' +
                      std::to_string(e.enhanced->detail) + " beside " + listed_codes(*e.entry) +
                      ". Its list is advice, so read the enhanced code for the cause.");
  }
}

/// The part for one class of advice that the registry gives for both, "4.7.0: wait. 5.7.0: read
/// the text."; other advice as it is.
std::string advice_for(int klass, const EnhancedEntry& entry, std::string_view advice) {
  const auto marker = [&](int of_class) {
    return std::to_string(of_class) + '.' + std::to_string(entry.subject) + '.' +
           std::to_string(entry.detail) + ": ";
  };
  if (klass != 4 && klass != 5) return std::string(advice);
  const auto ours = marker(klass);
  const auto begin = advice.find(ours);
  if (begin == std::string_view::npos) return std::string(advice);
  auto part = advice.substr(begin + ours.size());
  part = part.substr(0, part.find(marker(9 - klass)));
  while (part.ends_with(' ')) part.remove_suffix(1);
  return std::string(part);
}

std::string without_stop(std::string text) {
  while (text.ends_with('.')) text.pop_back();
  return text;
}

/// What the codes alone advise.
void advise_by_code(Explanation& e) {
  // A code of nobody is read by its subject (RFC 3463 2). The enhanced code is the more telling of
  // the two; X.0.0 tells nothing.
  const auto* entry = e.entry;
  if (entry == nullptr && e.enhanced) entry = find_enhanced(e.enhanced->subject, 0);
  if (entry != nullptr && (entry->subject != 0 || e.basic == nullptr)) {
    e.who = without_stop(advice_for(e.klass, *entry, entry->who_acts));
    e.what_to_do = advice_for(e.klass, *entry, entry->what_to_do);
  } else if (e.basic != nullptr) {
    e.who = e.basic->who_acts;
    e.what_to_do = e.basic->what_to_do;
  } else {
    e.who = e.klass == 4 ? "the sending server, by itself"
                         : "the sender, depending on what the text says";
    e.what_to_do = "Read the text of the reply, and ask the postmaster who sent it what it means.";
  }
}

}  // namespace

std::string_view class_word(int klass) {
  switch (klass) {
    case 2:
      return "success";
    case 3:
      return "intermediate";
    case 4:
      return "temporary";
    case 5:
      return "permanent";
    default:
      return "undefined";
  }
}

std::string who_acts(const Reason& reason) {
  if (reason.kind == ReasonClass::none || reason.kind == ReasonClass::positive) return "nobody";
  if (reason.kind == ReasonClass::temporary) {
    if (reason.group == "system") {
      return "the sending server, which tries again automatically; the receiving administrator if "
             "it "
             "lasts";
    }
    if (reason.group == "tls-auth") return "the user; the receiving administrator if it lasts";
    return "the sending server, which tries again automatically";
  }
  if (reason.group == "recipient" || reason.group == "content") return "the sender";
  if (reason.group == "tls-auth") return "the user, or the administrator of the sending server";
  if (reason.group == "protocol") return "the administrator or maker of the sending software";
  if (reason.group == "system") return "the sender, with the receiving postmaster";
  if (reason.group == "email-auth") return "the administrator of the sender's domain";
  if (reason.group == "sender") return "the sender, or the administrator of the sender's domain";
  return "the administrator of the sending server";
}

Explanation find_out(const CodesQuery& query) {
  Explanation e;
  e.code = query.code;
  e.enhanced = query.enhanced;
  e.has_words = !query.words.empty();
  if (e.code) {
    e.asked = std::to_string(*e.code);
    e.basic = find_basic(*e.code);
    e.klass = *e.code / 100;
  }
  if (e.enhanced) {
    if (!e.asked.empty()) e.asked += ' ';
    e.asked += e.enhanced->text();
    e.entry = find_enhanced(e.enhanced->subject, e.enhanced->detail);
    if (!e.code) e.klass = e.enhanced->klass;
  }
  e.uses = uses_of(e);
  e.notes = query.faults;
  note_code(e);
  note_enhanced(e);
  note_pair(e);
  if (e.code && !e.enhanced && e.basic != nullptr && e.klass != 3 && *e.code != 220 &&
      !query.words.empty()) {
    e.notes.emplace_back(
        "The reply has no enhanced code, which would tell the cause to machines "
        "(RFC 2034 4); only its words do.");
  }

  advise_by_code(e);
  find_cause(e, query);
  e.reference = query.reference;
  return e;
}

}  // namespace postern
