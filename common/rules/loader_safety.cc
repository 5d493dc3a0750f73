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
  if (rule.expires) return;
  values.diagnostics().error(value.span, quoted(text) + " is neither a day nor a time",
                             "the last day on which the rule acts, as in \"2027-01-31\", or the "
                             "time at which it ends, \"2027-01-31T12:00:00Z\"");
}

}  // namespace

RuleSafety read_safety(const Node& source, const ValueReader& values) {
  RuleSafety rule;
  read_mode(source, values, rule);
  read_expiry(source, values, rule);
  return rule;
}

}  // namespace postern
