#include "reply/codes_words.h"

namespace postern {

std::string_view class_sentence(int klass) {
  switch (klass) {
    case 2:
      return "Success: nothing is refused (RFC 5321 4.2.1).";
    case 3:
      return "Intermediate: the server waits for the client to go on (RFC 5321 4.2.1).";
    case 4:
      return "Temporary: the message is not lost. The sending server keeps it and tries again "
             "automatically, usually for two to five days (RFC 5321 4.2.1, 4.5.4.1).";
    case 5:
      return "Permanent: the same message sent again unchanged is refused again, so the sending "
             "server gives up and tells the sender. After a correction it may be sent again "
             "(RFC 5321 4.2.1).";
    default:
      return "Undefined: a reply begins with 2, 3, 4 or 5 (RFC 5321 4.2.1).";
  }
}

std::string_view class_meaning(const Explanation& e) {
  if (e.klass == 4 && e.entry != nullptr && e.entry->subject == 4 && e.entry->detail == 7) {
    return "Temporary by its class, but the time for attempts is over: in a bounce it says that "
           "the message was given up (RFC 3463 3.5).";
  }
  return class_sentence(e.klass);
}

std::string_view stage_words(ReplyStage stage) {
  switch (stage) {
    case ReplyStage::connect:
      return "the greeting";
    case ReplyStage::helo:
      return "HELO/EHLO";
    case ReplyStage::end_of_message:
      return "the end of the message";
    default:
      return to_text(stage);
  }
}

std::vector<std::string> words_of(ReplyStages stages) {
  if (stages.is_any()) return {"any command"};
  std::vector<std::string> words;
  for (std::size_t i = 0; i < reply_stage_count; ++i) {
    const auto stage = static_cast<ReplyStage>(i);
    if (stages.contains(stage)) words.emplace_back(stage_words(stage));
  }
  return words;
}

std::vector<std::string> stages_of(const BasicCode& row) {
  if (row.stages.is_any() && row.code != 530) {
    return {row.code == 421 ? "any command, and the greeting" : "any command"};
  }
  std::vector<std::string> words;
  for (std::size_t i = 0; i < reply_stage_count; ++i) {
    const auto stage = static_cast<ReplyStage>(i);
    if (code_allowed_at(stage, row.code) || code_positive_at(stage, row.code)) {
      words.emplace_back(stage_words(stage));
    }
  }
  return words.empty() ? words_of(row.stages) : words;
}

std::string_view kind_sentence(ReasonClass kind) {
  switch (kind) {
    case ReasonClass::temporary:
      return class_sentence(4);
    case ReasonClass::permanent:
      return class_sentence(5);
    case ReasonClass::positive:
      return class_sentence(2);
    case ReasonClass::none:
      return "No refusal may rest on this alone.";
  }
  return "";
}

std::string_view kind_word(ReasonClass kind) {
  switch (kind) {
    case ReasonClass::temporary:
      return "temporary";
    case ReasonClass::permanent:
      return "permanent";
    case ReasonClass::positive:
      return "success";
    case ReasonClass::none:
      return "none";
  }
  return "";
}

std::vector<std::string> causes_of(const Reason& reason) {
  std::vector<std::string> causes;
  for (const auto cause : reason.causes) {
    if (!cause.empty()) causes.emplace_back(cause);
  }
  return causes;
}

std::vector<std::string> alternatives_of(const Reason& reason) {
  std::vector<std::string> forms;
  for (const auto form : reason.tolerated) {
    if (!form.empty()) forms.emplace_back(form);
  }
  return forms;
}

}  // namespace postern
