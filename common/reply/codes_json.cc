#include "reply/codes_json.h"

#include "reply/codes_words.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace postern {

namespace {

using Json = nlohmann::ordered_json;

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
          {"operator_help", reason.operator_help},
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

}  // namespace

std::string json_text_of(const Explanation& e) { return dumped(json_of(e)); }

std::string json_text_of(const Reason& reason) { return dumped(json_of(reason)); }

std::string json_text_of(std::span<const Reason* const> reasons) {
  Json list = Json::array();
  for (const auto* reason : reasons) list.push_back(json_of(*reason));
  return dumped(list);
}

}  // namespace postern
