#include "kit/test_report.h"

#include "model/shown_text.h"
#include "model/text.h"

#include <algorithm>

namespace postern {
namespace {

std::string place_text(const SourcePosition& place) {
  return place.file + ':' + std::to_string(place.line);
}

std::string said(const TrailEntry& entry) {
  switch (entry.note) {
    case TrailNote::none:
      break;
    case TrailNote::shadow:
      return entry.share == 0 ? "yes, in shadow"
                              : "yes, but outside its " + std::to_string(entry.share) + "%";
    case TrailNote::settled:
    case TrailNote::not_reached:
    case TrailNote::not_at_this_door:
    case TrailNote::no_recipient:
    case TrailNote::local_submission:
    case TrailNote::recipients_unknown:
    case TrailNote::expired:
      return "not asked: " + std::string(to_text(entry.note));
  }
  std::string text(to_text(entry.truth));
  if (!entry.cause.empty()) text += ", " + entry.cause;
  return text;
}

/// "client.ip = 192.0.2.1, partners: no entry".
std::string seen(const TrailEntry& entry) {
  std::string text;
  for (const auto& evidence : entry.evidence) {
    text += text.empty() ? " (" : ", ";
    const bool table = evidence.source.name == "table";
    text += evidence.name + (table ? ": " : " = ");
    if (evidence.value.empty()) {
      text += table ? "no entry" : "nothing";
    } else {
      text += evidence.value;
    }
  }
  return text.empty() ? text : text + ')';
}

/// Of a long policy, the rules that said something, and others only while there is room.
constexpr std::size_t most_rules = 20;

std::vector<const TrailEntry*> worth_telling(const std::vector<TrailEntry>& trail) {
  std::vector<const TrailEntry*> entries;
  auto room = most_rules -
              std::min<std::size_t>(most_rules, static_cast<std::size_t>(std::count_if(
                                                    trail.begin(), trail.end(), is_remarkable)));
  for (const auto& entry : trail) {
    if (is_remarkable(entry)) {
      entries.push_back(&entry);
    } else if (room > 0) {
      entries.push_back(&entry);
      --room;
    }
  }
  return entries;
}

}  // namespace

std::string failure_text(const TestResult& result, Glyphs glyphs) {
  std::string text = place_text(result.place) + ": test " + quoted(result.name) + " failed\n";
  if (!result.trouble.empty()) text += "  " + result.trouble + '\n';
  std::size_t width = 0;
  for (const auto& each : result.differences) width = std::max(width, each.what.size());
  for (const auto& each : result.differences) {
    const std::string indent(width + 2 - each.what.size(), ' ');
    text += "  " + each.what + ':' + indent + "expected " + each.expected + '\n';
    text += std::string(width + 5, ' ') + "got      " + each.got + '\n';
  }
  if (result.played) {
    const auto& trail = result.played->decision.trail;
    text += trail.empty() ? "  no rule was asked\n" : "  what the rules said:\n";
    const auto entries = worth_telling(trail);
    for (const auto* entry : entries) {
      text += "    " + place_text({entry->rule.file, entry->rule.line, 0}) + ": " +
              quoted(entry->rule.name) + ": " + said(*entry) + seen(*entry) + '\n';
    }
    if (trail.size() > entries.size()) {
      text += "    and " + std::to_string(trail.size() - entries.size()) + " more rules\n";
    }
  }
  std::string lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    lines += shown_text(std::string_view(text).substr(begin, end - begin), glyphs) + '\n';
    begin = end + 1;
  }
  return lines;
}

std::string count_text(const std::vector<TestResult>& results, std::size_t skipped) {
  const auto failed = static_cast<std::size_t>(std::count_if(
      results.begin(), results.end(), [](const TestResult& each) { return !each.passed(); }));
  const auto all = results.size() + skipped;
  if (all == 0) return "no tests";
  auto text = std::to_string(all) + (all == 1 ? " test: " : " tests: ") +
              std::to_string(results.size() - failed) + " passed, " + std::to_string(failed) +
              " failed";
  if (skipped > 0) text += ", " + std::to_string(skipped) + " not run for want of time";
  return text;
}

bool all_passed(const std::vector<TestResult>& results) noexcept {
  return std::all_of(results.begin(), results.end(),
                     [](const TestResult& each) { return each.passed(); });
}

}  // namespace postern
