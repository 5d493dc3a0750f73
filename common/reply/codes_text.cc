#include "reply/codes_text.h"

#include "model/text.h"
#include "reply/codes_words.h"

#include <algorithm>
#include <vector>

namespace postern {

namespace {

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

std::string capitalised(std::string_view text) {
  std::string result(text);
  if (!result.empty() && result[0] >= 'a' && result[0] <= 'z') {
    result[0] = static_cast<char>(result[0] - 'a' + 'A');
  }
  return result;
}

std::string reply_words(const Reason& reason) {
  if (reason.kind == ReasonClass::none) return "no refusal may rest on this alone";
  return std::string(reason.reply) + ", " + std::string(kind_word(reason.kind));
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

}  // namespace

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
    add_section(out, "May answer", joined(stages_of(*e.basic), ", "));
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
  // A basic code is spoken for half the catalogue; and of a reply it is the cause that people want.
  if (e.enhanced && !e.has_words && !e.uses.empty()) {
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

std::string text_of(const Reason& reason) {
  std::string out(reason.id);
  out += ": ";
  out += reason.what;
  out += "\n\nReply\n";
  add_wrapped(out, reply_words(reason), 2);
  if (const auto others = alternatives_of(reason); !others.empty()) {
    add_wrapped(out, "may be set to " + joined(others, ", "), 2);
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
    add_section(out, "Stages", joined(words_of(reason.stages), ", "));
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

}  // namespace postern
