#include "journal/explain.h"

#include "journal/explain_parts.h"
#include "journal/json_writer.h"
#include "journal/page.h"

#include <algorithm>

namespace postern {
namespace {

std::string explain_for_admin(const Record& record, const ExplainOptions& options,
                              const TrailGaps& gaps) {
  Page page(options.paint);
  page.headline(headline(record), tone_of(record));
  page.blank();
  tell_circumstances(page, record);
  tell_told_besides(page, record);
  if (record.kind == RecordKind::decision) {
    tell_decision(page, record);
    tell_trail(page, record, gaps);
    tell_dns(page, record);
    tell_asked(page, record);
  }
  tell_sent(page, record);
  if (options.repeats != 0) {
    page.paragraph("The MTA asked the same again " + std::to_string(options.repeats) +
                       (options.repeats == 1 ? " time" : " times") +
                       " and got the same answer; nothing was counted twice.",
                   2);
  }
  tell_effects(page, record, "What was done besides");
  tell_advice(page, record);
  tell_origin(page, record);
  return page.take();
}

std::string explain_text(const Record& record, const ExplainOptions& options,
                         const TrailGaps& gaps) {
  const bool short_story =
      record.kind == RecordKind::decision || (record.kind == RecordKind::repeat && record.sent);
  if (options.voice == Voice::admin || (options.voice == Voice::help_desk && !short_story)) {
    return explain_for_admin(record, options, gaps);
  }
  Page page(options.paint);
  if (options.voice == Voice::sender) {
    tell_sender(page, record);
  } else {
    tell_help_desk(page, record, options.repeats);
  }
  return page.take();
}

// Somebody may build a page for senders on it, so nothing may be in it that the text leaves out.
std::string explain_json_for_sender(const Record& record) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("reference", record.transaction.reference.text());
  ExplainOptions options;
  options.voice = Voice::sender;
  json.member("text", explain_text(record, options, {}));
  json.end_object();
  out += '\n';
  return out;
}

std::string explain_json(const Record& record, const ExplainOptions& options,
                         const TrailGaps& gaps) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("summary", headline(record));
  if (const Reason* reason = record.decision.reason) {
    json.key("reason").begin_object();
    json.member("id", reason->id);
    json.member("group", reason->group);
    json.member("what", reason->what);
    json.member("reference", reason->reference);
    json.member("sender_help", reason->sender_help);
    json.member("admin_help", reason->admin_help);
    json.key("causes").begin_array();
    for (const auto cause : reason->causes) {
      if (!cause.empty()) json.string(cause);
    }
    json.end_array();
    json.end_object();
  }
  json.member("repeats", static_cast<std::int64_t>(options.repeats));
  ExplainOptions plain = options;
  plain.paint = Paint::none;
  json.member("text", explain_for_admin(record, plain, gaps));
  if (record.kind == RecordKind::decision) {
    json.member("trail", record.detail == RecordDetail::full                        ? "whole"
                         : gaps.changed_tables.empty() || !gaps.why_compact.empty() ? "compact"
                                                                                    : "partly");
    if (!gaps.changed_tables.empty()) {
      json.key("changed_tables").begin_array();
      for (const auto& table : gaps.changed_tables) json.string(table);
      json.end_array();
    }
    json.member_unless_empty("why_compact", gaps.why_compact);
  }
  json.key("record").raw(to_json(record));
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace

std::string explain(const Record& record, const ExplainOptions& options, const TrailGaps& gaps) {
  if (options.format == ExplainFormat::text) return explain_text(record, options, gaps);
  return options.voice == Voice::sender ? explain_json_for_sender(record)
                                        : explain_json(record, options, gaps);
}

std::string explain(const Record& record, const ExplainOptions& options) {
  return explain(record, options, {});
}

}  // namespace postern
