#include "rules/loader_safety.h"

#include "rules/expiry.h"
#include "rules/share.h"

namespace postern {
namespace {

void read_mode(const Node& source, const ValueReader& values, RuleSafety& rule) {
  const auto mode = values.text(source, "rule.mode");
  if (!mode || *mode == "enforce") return;
  if (*mode == "shadow") {
    rule.mode = RuleMode::shadow;
    return;
  }
  if (const auto share = share_from_text(*mode)) {
    rule.share = *share;
    return;
  }
  std::string hint = nearest_hint(*mode, {"enforce", "shadow"},
                                  "it is \"enforce\", \"shadow\", or a share such as \"10%\"");
  if (*mode == "100%") hint = "write \"enforce\"";
  if (*mode == "0%") hint = "write \"shadow\"";
  if (mode->ends_with('%') && *mode != "100%" && *mode != "0%") {
    hint = "a share is a whole number from 1% to 99%";
  }
  values.diagnostics().error(source.find("mode")->value.span, "\"mode\" cannot be " + quoted(*mode),
                             hint);
}

/// A time of some day, and nothing that says where.
bool lacks_zone(std::string_view text) {
  constexpr std::size_t length_of_day = 10;
  return text.size() > length_of_day &&
         text.find_first_of("Zz+-", length_of_day) == std::string_view::npos;
}

void read_expiry(const Node& source, const ValueReader& values, RuleSafety& rule) {
  const auto* member = source.find("expires");
  if (member == nullptr) return;
  const auto& value = member->value;
  auto text = value.string;
  if (value.kind == Node::Kind::date) {
    text = value.span.file->text().substr(value.span.begin, value.span.end - value.span.begin);
  } else if (!values.text(source, "rule.expires")) {
    return;
  }
  rule.expires = expiry_from_text(text);
  if (rule.expires) {
    if (lacks_zone(text)) {
      values.diagnostics().warning(value.span,
                                   "this time has no zone, so it is read as UTC, not as the time "
                                   "of this host",
                                   "end it with Z for UTC, or with its distance from there, as in "
                                   "\"2027-01-31T12:00:00+01:00\"");
    }
    return;
  }
  values.diagnostics().error(
      value.span, quoted(text) + " is neither a day nor a time",
      "the last day on which the rule acts, as in \"2027-01-31\", or the "
      "time at which it ends, \"2027-01-31T12:00:00Z\"; up to the year 2261");
}

}  // namespace

RuleSafety read_safety(const Node& source, const ValueReader& values) {
  RuleSafety rule;
  read_mode(source, values, rule);
  read_expiry(source, values, rule);
  return rule;
}

}  // namespace postern
