#include "reply/codes.h"

#include "model/reference_in_text.h"
#include "model/text.h"
#include "postern/reason.h"
#include "reply/codes_explanation.h"
#include "reply/codes_json.h"
#include "reply/codes_query.h"
#include "reply/codes_search.h"
#include "reply/codes_text.h"

#include <string>
#include <vector>

namespace postern {

namespace {

std::string list_of(const std::vector<const Reason*>& reasons, CodesFormat format) {
  if (format == CodesFormat::json) return json_text_of(reasons);
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
    return format == CodesFormat::text ? text_of(*reason) : json_text_of(*reason);
  }
  if (const auto query = read_codes_query(what)) {
    const auto explanation = find_out(*query);
    return format == CodesFormat::text ? text_of(explanation) : json_text_of(explanation);
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
    std::vector<const Reason*> reasons;
    for (const auto& reason : all_reasons()) reasons.push_back(&reason);
    return json_text_of(reasons);
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
