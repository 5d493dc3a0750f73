#include "checks/spf.h"

#include "checks/spf_run.h"
#include "model/text.h"

namespace postern {

std::string_view to_text(SpfIdentity identity) noexcept {
  return identity == SpfIdentity::helo ? "helo" : "mailfrom";
}

SpfRequest SpfRequest::of_sender(IpAddress client, const MailAddress& sender, std::string helo) {
  SpfRequest request{client, SpfIdentity::mail_from, "postmaster", {}, std::move(helo), {}, {}};
  if (!sender.local().empty()) request.local = sender.local();
  request.domain = sender.empty() ? request.helo : sender.domain();
  return request;
}

SpfRequest SpfRequest::of_helo(IpAddress client, std::string helo) {
  SpfRequest request{client, SpfIdentity::helo, "postmaster", helo, {}, {}, {}};
  request.helo = std::move(helo);
  return request;
}

SpfOutcome spf(const SpfRequest& request, const SpfLimits& limits, const SpfLookup& lookup,
               SpfTrace trace) {
  return SpfRun(request, limits, lookup, trace).run();
}

namespace {

void write_step(const SpfStep& step, std::size_t depth, std::string& text) {
  std::string line(2 * depth, ' ');
  line += step.term.empty() ? step.domain : step.term;
  if (!step.target.empty()) line += " (" + step.target + ')';
  line += ": " + step.outcome;
  text += clean_for_terminal(line) + '\n';
  for (const auto& each : step.steps) write_step(each, depth + 1, text);
}

}  // namespace

std::string spf_trace_text(const SpfOutcome& outcome) {
  std::string text;
  write_step(outcome.trace, 0, text);
  text += std::to_string(outcome.lookups) +
          (outcome.lookups == 1 ? " term that asks DNS, " : " terms that ask DNS, ") +
          std::to_string(outcome.voids) + " without an answer\n";
  return text;
}

}  // namespace postern
