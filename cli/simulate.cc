#include "cli/commands.h"
#include "cli/load.h"
#include "cli/simulated_policy.h"
#include "journal/explain_simulation.h"
#include "journal/json_writer.h"
#include "kit/play.h"
#include "kit/scene_text.h"
#include "model/shown_text.h"
#include "model/time_text.h"
#include "policy/codec.h"
#include "policy/request.h"
#include "postern/version.h"
#include "reply/render.h"
#include "rules/loader_tests.h"

#include <chrono>
#include <iostream>
#include <istream>
#include <iterator>
#include <ostream>
#include <sysexits.h>

namespace postern::cli {
namespace {

Problems as_problems(const KitFault& fault, const std::string& where) {
  auto problem = plain_problem(fault.message, fault.hint);
  problem.position.file = where;
  return {problem};
}

/// What Postfix asks a policy service, as its log and ours show it.
bool is_policy_request(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  const auto equals = line.find('=');
  return equals != std::string_view::npos &&
         line.substr(0, equals).find_first_not_of("abcdefghijklmnopqrstuvwxyz_") ==
             std::string_view::npos;
}

std::optional<KitFault> describe_request(std::string text, Scene& scene) {
  policy_door::Decoder decoder;
  text += "\n\n";
  decoder.feed(text);
  const auto* request = decoder.next();
  if (request == nullptr) return KitFault{"this is too long for a request of Postfix", ""};
  const auto stage = policy_door::stage_of(*request);
  if (!stage) {
    return KitFault{"rules are not asked at this protocol_state, or there is none",
                    "as in protocol_state=RCPT"};
  }
  const auto time = scene.told.time;
  scene.told = policy_door::transaction_of(*request, *stage);
  scene.told.door = Door::policy;
  scene.told.time = time;
  scene.stage = *stage;
  if (scene.told.recipient.is_told()) scene.recipients = {scene.told.recipient.value()};
  return {};
}

std::optional<Problems> describe(const std::string& file, SceneText& text) {
  std::string description;
  if (file == "-") {
    description.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    const auto read = read_file(file);
    if (!read) return read.problems();
    description = *read;
  }
  const auto fault = is_policy_request(description) ? describe_request(description, text.scene())
                                                    : text.describe(description);
  if (!fault) return {};
  return as_problems(*fault, file == "-" ? "standard input" : file);
}

std::vector<SimulatedReply> replies_of(const Played& played) {
  std::vector<SimulatedReply> replies;
  const auto& reply = played.decision.reply;
  if (!reply) return replies;
  const auto at_milter = render_for_milter(*reply, 0);
  replies.push_back({"the milter", wire_lines(at_milter), at_milter.expected});
  if (played.decision.reason == nullptr) return replies;
  const auto context = policy_context("", reply->stage());
  const auto named = context == PolicyContext::recipient
                         ? played.transaction.recipient.value().text()
                         : std::string();
  const auto at_policy =
      render_for_policy(*reply, *played.decision.reason, context, policy_prefix(context, named));
  replies.push_back(
      {"Postfix's policy service", {"action=" + at_policy.action}, {at_policy.expected}});
  return replies;
}

Record record_of(const Played& played, const Policy& policy) {
  Record record;
  record.host = policy.settings().identity.host;
  record.engine = version();
  record.policy_digest = policy.digest();
  record.transaction = played.transaction;
  record.facts = played.facts;
  record.decision = played.decision;
  return record;
}

void write_json(const std::vector<Played>& all, const SimulatedPolicy& simulated,
                std::ostream& out) {
  const auto& policy = *simulated.policy;
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("policy", policy.digest());
  if (simulated.maintenance) {
    json.key("maintenance").begin_object();
    json.member("until", utc_text(simulated.maintenance->until));
    json.member("file", simulated.maintenance->file);
    json.end_object();
  }
  json.key("decisions").begin_array();
  for (const auto& played : all) {
    const auto record = record_of(played, policy);
    json.begin_object();
    json.member("stage", to_text(played.transaction.stage));
    json.member("verdict", to_text(played.decision.verdict));
    json.member_unless_empty("rule", played.decision.rule ? played.decision.rule->name : "");
    json.member("summary", simulation_line(record));
    json.key("replies").begin_array();
    for (const auto& reply : replies_of(played)) {
      json.begin_object();
      json.member("door", reply.door);
      json.key("answer").begin_array();
      for (const auto& line : reply.answer) json.string(line);
      json.end_array();
      json.key("lines").begin_array();
      for (const auto& line : reply.lines) json.string(line);
      json.end_array();
      json.end_object();
    }
    json.end_array();
    json.key("record").raw(to_json(record));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out << text << '\n';
}

void write_text(const std::vector<Played>& all, const SimulatedPolicy& simulated,
                Terminal terminal) {
  const auto& policy = *simulated.policy;
  auto& out = terminal.out;
  if (simulated.maintenance) {
    out << "A maintenance is in force until " << utc_text(simulated.maintenance->until)
        << ", written down in\n"
        << shown_text(simulated.maintenance->file, terminal.glyphs)
        << "; --without-maintenance leaves it out.\n\n";
  }
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    out << simulation_line(record_of(all[i], policy)) << '\n';
  }
  if (all.size() > 1) out << '\n';
  out << explain_simulation(record_of(all.back(), policy), replies_of(all.back()));
}

}  // namespace

int simulate(const Options& options, Terminal terminal) {
  const auto fail = [&](const Problems& problems, int status) {
    terminal.err << render(problems, terminal.glyphs);
    return status;
  };
  const auto loaded = load_policy(options.place);
  if (!loaded) return fail(loaded.problems(), EX_CONFIG);
  SceneText text;
  text.scene().told.time = std::chrono::system_clock::now();
  for (const auto& file : options.words) {
    if (const auto problems = describe(file, text)) return fail(*problems, EX_DATAERR);
  }
  for (const auto& [name, value] : options.scene) {
    if (const auto fault = text.set(name, value))
      return fail(as_problems(*fault, "--" + name), EX_USAGE);
  }
  World world;
  if (const auto fault = text.take_world(world))
    return fail(as_problems(*fault, "--dns"), EX_USAGE);
  if (!options.dns_file.empty()) {
    const auto more = read_dns_file(options.dns_file, disk_reader(options.place));
    if (!more) return fail(more.problems(), EX_DATAERR);
    world.dns.add_missing(*more);
  }
  if (const auto fault = text.scene().fault()) return fail(as_problems(*fault, ""), EX_USAGE);
  const auto simulated =
      options.without_maintenance
          ? SimulatedPolicy{loaded->policy, {}, {}}
          : with_written_maintenance(loaded->policy, options.place, text.scene().told.time);
  if (!simulated.trouble.empty()) {
    terminal.err << "postern: simulated without a maintenance: "
                 << shown_text(simulated.trouble, terminal.glyphs) << '\n';
  }
  const auto all = play(text.scene(), world, *simulated.policy);
  if (options.format == Format::json) {
    write_json(all, simulated, terminal.out);
  } else {
    write_text(all, simulated, terminal);
  }
  return EX_OK;
}

}  // namespace postern::cli
