#include "reply/codes.h"

#include "model/reference_in_text.h"
#include "model/text.h"
#include "postern/reason.h"
#include "reply/codes_explanation.h"
#include "reply/codes_query.h"
#include "reply/codes_search.h"
#include "reply/registry.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace postern {

namespace {

using Json = nlohmann::ordered_json;

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

/// X.4.7 is what stands in a bounce after the last attempt.
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

/// The stages whose lists hold a code; where no list does, what its definition says.
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

constexpr std::size_t text_width = 78;

/// Adds `text` in lines of at most text_width, each after `indent` spaces.
void add_wrapped(std::string& out, std::string_view text, std::size_t indent) {
  std::size_t column = 0;
  while (!text.empty()) {
    const auto end = text.find(' ');
    const auto word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (column != 0 && column + 1 + word.size() > text_width) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out.append(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

void add_section(std::string& out, std::string_view title, std::string_view text) {
  if (text.empty()) return;
  out += '\n';
  out += title;
  out += '\n';
  add_wrapped(out, text, 2);
}

void add_list(std::string& out, const std::vector<std::string>& items) {
  for (const auto& item : items) {
    std::string wrapped;
    add_wrapped(wrapped, item, 4);
    wrapped[2] = '-';
    out += wrapped;
  }
}

std::vector<std::string> causes_of(const Reason& reason) {
  std::vector<std::string> causes;
  for (const auto cause : reason.causes) {
    if (!cause.empty()) causes.emplace_back(cause);
  }
  return causes;
}

std::string capitalised(std::string_view text) {
  std::string result(text);
  if (!result.empty() && result[0] >= 'a' && result[0] <= 'z') {
    result[0] = static_cast<char>(result[0] - 'a' + 'A');
  }
  return result;
}

std::string text_of(const Explanation& e) {
  std::string out = e.asked;
  if (e.klass >= 2 && e.klass <= 5) out += ", " + std::string(class_word(e.klass));
  out += '\n';
  if (e.basic != nullptr) {
    add_section(out, std::to_string(e.basic->code) + " (" + std::string(e.basic->reference) + ")",
                capitalised(e.basic->meaning) + '.');
    if (!e.basic->note.empty()) add_wrapped(out, e.basic->note, 2);
  }
  if (e.entry != nullptr) {
    add_section(out,
                e.enhanced->text() + " " + std::string(e.entry->name) + " (" +
                    std::string(e.entry->reference) + ")",
                e.entry->meaning);
  }
  if (!e.notes.empty()) {
    out += "\nTake care\n";
    add_list(out, e.notes);
  }
  if (e.klass != 0) add_section(out, "Temporary or permanent", class_meaning(e));
  if (e.basic != nullptr) {
    add_section(out, "May answer", join(stages_of(*e.basic), ", "));
  }
  if (e.likely != nullptr) {
    add_section(out, "Most likely cause",
                capitalised(e.likely->what) + " (reason " + std::string(e.likely->id) + ").");
    add_list(out, causes_of(*e.likely));
  } else {
    add_section(out, "Most likely cause", e.cause);
  }
  const bool of_reason = e.advice == Explanation::Advice::of_reason;
  add_section(out, "Who must act", capitalised(e.who) + '.');
  add_section(out, of_reason ? "What the sender can do" : "What to do", e.what_to_do);
  if (of_reason && e.likely != nullptr) {
    add_section(out, "What the administrator who refused can do", e.likely->admin_help);
  }
  if (!e.reference.empty()) {
    add_section(out, "Reference",
                e.reference + ": 'postern explain " + e.reference +
                    "' on the server that sent the reply tells which rule decided, and why.");
  }
  // A code alone is spoken for half the catalogue, which tells nobody anything.
  if (e.enhanced && !e.uses.empty()) {
    out += "\nReasons of Postern with this reply ('*' by default)\n";
    for (const auto& use : e.uses) {
      auto line = std::string(use.is_default ? "* " : "  ") + use.form;
      line.resize(std::max<std::size_t>(line.size(), 13), ' ');
      line += ' ' + std::string(use.reason->id);
      line.resize(std::max<std::size_t>(line.size(), 42), ' ');
      line += ' ' + std::string(use.reason->what);
      out += "  " + line + '\n';
    }
  }
  return out;
}

std::string reply_words(const Reason& reason) {
  if (reason.kind == ReasonClass::none) return "no refusal may rest on this alone";
  return std::string(reason.reply) + ", " + std::string(kind_word(reason.kind));
}

std::vector<std::string> alternatives_of(const Reason& reason) {
  std::vector<std::string> forms;
  for (const auto form : reason.tolerated) {
    if (!form.empty()) forms.emplace_back(form);
  }
  return forms;
}

/// What distinguishes the codes of a reason: the enhanced code's meaning, else the basic code's.
std::string meaning_of(const Reason& reason) {
  const auto form = ReplyForm::parse(reason.reply);
  if (!form) return {};
  if (form->enhanced) {
    if (const auto* entry = find_enhanced(form->enhanced->subject(), form->enhanced->detail())) {
      return form->enhanced->text() + ": " + std::string(entry->meaning);
    }
  }
  const auto* basic = find_basic(form->code.value());
  return basic == nullptr ? std::string() : capitalised(basic->meaning) + '.';
}

/// A template for people: "{client_address|...}" as "<client address>".
std::string with_named_fields(std::string_view text) {
  std::string result;
  bool otherwise = false;
  for (const char c : text) {
    if (c == '{') {
      result += '<';
    } else if (c == '|') {
      otherwise = true;
    } else if (c == '}') {
      otherwise = false;
      result += '>';
    } else if (!otherwise) {
      result += c == '_' ? ' ' : c;
    }
  }
  return result;
}

std::string text_of(const Reason& reason) {
  std::string out(reason.id);
  out += ": ";
  out += reason.what;
  out += "\n\nReply\n";
  add_wrapped(out, reply_words(reason), 2);
  if (const auto others = alternatives_of(reason); !others.empty()) {
    add_wrapped(out, "may be set to " + join(others, ", "), 2);
  }
  for (const auto& at : reason.at) {
    if (at.reply.empty()) continue;
    add_wrapped(out, "at " + std::string(stage_words(at.stage)) + " it is " + std::string(at.reply),
                2);
  }
  add_section(out, "What the code means", meaning_of(reason));
  if (reason.kind == ReasonClass::temporary || reason.kind == ReasonClass::permanent) {
    add_section(out, "Temporary or permanent",
                class_sentence(reason.kind == ReasonClass::permanent ? 5 : 4));
  }
  if (!reason.stages.empty()) {
    add_section(out, "Stages", join(words_of(reason.stages), ", "));
  }
  if (reason.kind != ReasonClass::none) {
    add_section(out, "What the sender reads",
                with_named_fields(reason.text) + ' ' + std::string(reason.advice));
  }
  out += "\nLikely causes\n";
  add_list(out, causes_of(reason));
  add_section(out, "Who must act", capitalised(who_acts(reason)) + '.');
  add_section(out, "What the sender can do", reason.sender_help);
  add_section(out, "What the administrator who refused can do", reason.admin_help);
  add_section(out, "Take care", reason.note);
  add_section(out, "Source", reason.reference);
  return out;
}

std::string list_line(const Reason& reason) {
  std::string line = "  " + std::string(reason.id);
  line.resize(std::max<std::size_t>(line.size(), 31), ' ');
  line += ' ' + (reason.reply.empty() ? std::string("-") : std::string(reason.reply));
  line.resize(std::max<std::size_t>(line.size(), 43), ' ');
  return line + ' ' + std::string(reason.what) + '\n';
}

/// Questions are bytes from anywhere; what is no UTF-8 must not stop the answer.
std::string dumped(const Json& json) {
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + '\n';
}

Json json_of(const Reason& reason) {
  Json at = Json::object();
  for (const auto& [stage, reply] : reason.at) {
    if (!reply.empty()) at[std::string(to_text(stage))] = reply;
  }
  Json stages = Json::array();
  for (std::size_t i = 0; i < reply_stage_count; ++i) {
    const auto stage = static_cast<ReplyStage>(i);
    if (reason.stages.contains(stage)) stages.push_back(to_text(stage));
  }
  return {{"id", reason.id},
          {"group", reason.group},
          {"what", reason.what},
          {"class", kind_word(reason.kind)},
          {"class_meaning", kind_sentence(reason.kind)},
          {"reply", reason.reply.empty() ? Json() : Json(reason.reply)},
          {"tolerated", alternatives_of(reason)},
          {"at", at},
          {"stages", stages},
          {"text", reason.text},
          {"advice", reason.advice},
          {"causes", causes_of(reason)},
          {"who_acts", who_acts(reason)},
          {"sender_help", reason.sender_help},
          {"admin_help", reason.admin_help},
          {"note", reason.note},
          {"reference", reason.reference}};
}

Json json_of(const Explanation& e) {
  Json json = {{"asked", e.asked},
               {"class", e.klass == 0 ? Json() : Json(class_word(e.klass))},
               {"class_meaning", e.klass == 0 ? Json() : Json(class_meaning(e))},
               {"code", nullptr},
               {"enhanced", nullptr}};
  if (e.code) {
    json["code"] = {{"value", *e.code}, {"registered", e.basic != nullptr}};
    if (e.basic != nullptr) {
      json["code"]["meaning"] = e.basic->meaning;
      json["code"]["note"] = e.basic->note;
      json["code"]["reference"] = e.basic->reference;
      json["code"]["stages"] = stages_of(*e.basic);
    }
  }
  if (e.enhanced) {
    json["enhanced"] = {{"value", e.enhanced->text()}, {"registered", e.entry != nullptr}};
    if (e.entry != nullptr) {
      json["enhanced"]["name"] = e.entry->name;
      json["enhanced"]["meaning"] = e.entry->meaning;
      json["enhanced"]["reference"] = e.entry->reference;
    }
  }
  json["notes"] = e.notes;
  json["who_acts"] = e.who;
  json["what_to_do"] = e.what_to_do;
  json["likely_reason"] = e.likely != nullptr ? Json(e.likely->id) : Json();
  json["likely_cause"] = e.likely != nullptr ? Json(e.likely->what)
                         : e.cause.empty()   ? Json()
                                             : Json(e.cause);
  json["reference"] = e.reference.empty() ? Json() : Json(e.reference);
  Json uses = Json::array();
  for (const auto& use : e.uses) {
    uses.push_back({{"id", use.reason->id}, {"reply", use.form}, {"default", use.is_default}});
  }
  json["reasons"] = uses;
  return json;
}

std::string list_of(const std::vector<const Reason*>& reasons, CodesFormat format) {
  if (format == CodesFormat::json) {
    Json list = Json::array();
    for (const auto* reason : reasons) list.push_back(json_of(*reason));
    return dumped(list);
  }
  std::string out;
  for (const auto* reason : reasons) out += list_line(*reason);
  return out;
}

}  // namespace

Result<std::string> explain_code(std::string_view what, CodesFormat format) {
  constexpr std::string_view spaces = " \t\r\n";
  const auto first = what.find_first_not_of(spaces);
  what = first == std::string_view::npos
             ? std::string_view{}
             : what.substr(first, what.find_last_not_of(spaces) - first + 1);

  if (const auto* reason = find_reason(lower(what.substr(0, 100)))) {
    return format == CodesFormat::text ? text_of(*reason) : dumped(json_of(*reason));
  }
  if (const auto query = read_codes_query(what)) {
    const auto explanation = find_out(*query);
    return format == CodesFormat::text ? text_of(explanation) : dumped(json_of(explanation));
  }
  if (const auto found = search_reasons(what); !found.empty()) {
    return list_of(found, format);
  }
  const auto shown = clean_for_terminal(what.substr(0, 60));
  if (const auto reference = find_reference(what.substr(0, 1000))) {
    return plain_problem("\"" + shown + "\" is a reference, not a reply code",
                         "\"postern explain " + reference->text() +
                             "\" on the server that gave it tells what happened");
  }
  std::vector<std::string> ids;
  for (const auto& reason : all_reasons()) ids.emplace_back(reason.id);
  const auto near = nearest_name(lower(what.substr(0, 100)), ids);
  return plain_problem(
      what.empty()
          ? std::string("nothing to look up")
          : "\"" + shown + "\" is neither a reason nor a reply code, and no reason speaks of it",
      near.empty()
          ? std::string("give a reason, a code such as 550, 5.7.26 or \"550 5.7.26\", or a "
                        "whole reply; without argument all reasons are listed")
          : "did you mean \"" + near + "\"?");
}

std::string list_reasons(CodesFormat format) {
  if (format == CodesFormat::json) {
    Json list = Json::array();
    for (const auto& reason : all_reasons()) list.push_back(json_of(reason));
    return dumped(list);
  }
  std::string out;
  std::string_view group;
  for (const auto& reason : all_reasons()) {
    if (reason.group != group) {
      if (!group.empty()) out += '\n';
      group = reason.group;
      out += group;
      out += '\n';
    }
    out += list_line(reason);
  }
  return out;
}

}  // namespace postern
