#include "journal/record.h"
#include "journal/sent_reply.h"
#include "model/text.h"

#include <algorithm>
#include <cctype>

namespace postern {
namespace {

// Longest values in octets, ours: together with their keys and the quotes and escapes they leave a
// few hundred of the 1,023 octets to the reply's text, which comes last and takes what is left.
constexpr std::size_t longest_rule = 80;
constexpr std::size_t longest_name = 80;
constexpr std::size_t longest_address = 128;
constexpr std::size_t longest_tag = 64;
// All shadow rules that would have acted, keys included: two of the longest names, some of usual
// length. More are counted.
constexpr std::size_t longest_shadows = 200;
// The words of a discard or quarantine, whole: 120 octets, which the loader allows.
constexpr std::size_t longest_note = 120;
constexpr std::size_t longest_warning = 200;
constexpr std::size_t longest_effects = 160;
// What quote_for_log() may add to a value: two quotes and the mark of a cut.
constexpr std::size_t quoting = 5;
// Less of the reply's text than this tells nothing.
constexpr std::size_t shortest_text = 24;

class Line {
 public:
  explicit Line(std::string start) : text_(std::move(start)) {}

  /// A value that needs no cleaning: our own words.
  void add(std::string_view key, std::string_view value) { append(key, std::string(value)); }
  /// A value from outside or from the policy; left out when empty.
  void add_quoted(std::string_view key, std::string_view value, std::size_t longest) {
    if (!value.empty()) append(key, quote_for_log(value, longest));
  }
  /// As much of `value` as there is room for.
  void add_rest(std::string_view key, std::string_view value) {
    const std::size_t used = text_.size() + 1 + key.size() + 1 + quoting;
    if (value.empty() || used + shortest_text > longest_log_line) return;
    append(key, quote_for_log(value, longest_log_line - used));
  }
  std::string take() { return std::move(text_); }

 private:
  void append(std::string_view key, const std::string& value) {
    const bool first = text_.back() == ' ';
    if (text_.size() + key.size() + value.size() + 2 > longest_log_line) return;
    if (!first) text_ += ' ';
    text_ += key;
    text_ += '=';
    text_ += value;
  }

  std::string text_;
};

bool is_plain_queue_id(const std::string& id) {
  // Postfix's long queue ids have up to 20 characters (mail_queue.h), sendmail's 14.
  constexpr std::size_t longest_queue_id = 32;
  return !id.empty() && id.size() <= longest_queue_id &&
         std::all_of(id.begin(), id.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

std::string bracketed(const MailAddress& address) { return '<' + address.text() + '>'; }

/// Every shadow rule that said yes, each with the key again, so that `shadow="NAME"` finds any of
/// them; those for which there is no room as a number.
void add_shadows(Line& line, const Decision& decision) {
  constexpr std::string_view key = "shadow";
  std::size_t used = 0;
  std::size_t more = 0;
  for (const auto& entry : decision.trail) {
    if (entry.note != TrailNote::shadow) continue;
    const auto length = 1 + key.size() + 1 + quote_for_log(entry.rule.name, longest_rule).size();
    if (more > 0 || used + length > longest_shadows) {
      ++more;
      continue;
    }
    line.add_quoted(key, entry.rule.name, longest_rule);
    used += length;
  }
  if (more > 0) line.add("more_shadows", std::to_string(more));
}

/// Tags and warnings one by one, and what else was done: whoever looks for a message that changed,
/// was held or is gone finds it here.
void add_effects(Line& line, const Record& record) {
  const auto& effects = record.decision.effects;
  std::string done;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const auto& effect = effects[i];
    if (effect.kind == EffectKind::tag || effect.kind == EffectKind::warn) {
      line.add_quoted(to_text(effect.kind), effect.value, longest_warning);
      continue;
    }
    if (record.sent && i < record.sent->effects.size() &&
        record.sent->effects[i].state != EffectState::done) {
      continue;
    }
    if (!done.empty()) done += ", ";
    done += effect.kind == EffectKind::add_header ? "add_header " + effect.name : describe(effect);
  }
  if (record.sent && record.sent->forged_results > 0) {
    line.add("forged_results", std::to_string(record.sent->forged_results));
  }
  line.add_quoted("did", done, longest_effects);
}

void add_who(Line& line, const Transaction& transaction) {
  if (transaction.client.address) line.add("client", transaction.client.address->text());
  if (transaction.helo.is_told()) {
    line.add_quoted("helo", transaction.helo.value(), longest_name);
  }
  if (transaction.sender.is_told()) {
    line.add_quoted("from", bracketed(transaction.sender.value()), longest_address);
  }
  if (transaction.recipient.is_told()) {
    line.add_quoted("to", bracketed(transaction.recipient.value()), longest_address);
  } else if (transaction.recipient_count.is_told()) {
    line.add("nrcpt", std::to_string(transaction.recipient_count.value()));
  }
  line.add_quoted("user", transaction.authentication.user.value(), longest_tag);
  line.add_quoted("instance", transaction.instance, longest_tag);
  line.add_quoted("session", transaction.session, longest_tag);
}

}  // namespace

std::string to_log_line(const Record& record) {
  const Transaction& transaction = record.transaction;
  const Decision& decision = record.decision;
  const bool has_queue_id = is_plain_queue_id(transaction.queue_id);
  Line line((has_queue_id ? transaction.queue_id : std::string("NOQUEUE")) + ": ");
  const bool decided = record.kind == RecordKind::decision;
  line.add("decision", decided ? to_text(decision.verdict) : to_text(record.kind));
  const std::string code = code_as_sent(record);
  line.add_quoted("reply", code, longest_tag);
  if (decision.reason != nullptr) line.add("reason", decision.reason->id);
  if (decision.rule) line.add_quoted("rule", decision.rule->name, longest_rule);
  if (!transaction.reference.empty()) line.add("ref", transaction.reference.text());
  line.add_quoted("softened", decision.softened_by, longest_rule);
  add_shadows(line, decision);
  line.add_quoted("why", decision.note, longest_note);
  add_effects(line, record);
  line.add("stage", to_text(transaction.stage));
  line.add("door", to_text(transaction.door));
  if (!has_queue_id) line.add_quoted("queue", transaction.queue_id, longest_tag);
  add_who(line, transaction);
  line.add_rest("text", text_as_sent(record));
  return line.take();
}

}  // namespace postern
