#include "journal/personal_names.h"

#include "journal/address_in_text.h"
#include "model/text.h"

#include <algorithm>
#include <array>

namespace postern {
namespace {

/// Ours: Received-SPF and replies cut what comes from outside, marked with "...". The shortest
/// beginning that is surely of this name, in octets.
constexpr std::size_t shortest_cut = 20;
/// Ours: what SPF makes of shorter ones may stand in names of DNS by chance, so that they count as
/// whole labels alone.
constexpr std::size_t shortest_anywhere = 3;
/// Octets; no text of a record has a longer address.
constexpr std::size_t longest_address = 4096;

template <std::size_t size>
bool is_one_of(const std::array<std::string_view, size>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Names that an administrator gave, and words of the format.
constexpr std::array<std::string_view, 25> never_personal{
    "kind",     "ref",        "time",          "host",          "engine",  "policy", "door",
    "stage",    "verdict",    "reason",        "subject",       "name",    "rule",   "file",
    "digest",   "settled_by", "softened_by",   "scope",         "contact", "help",   "session",
    "instance", "queue_id",   "softened_from", "policy_context"};
/// Members of which all of the value may be a name.
constexpr std::array<std::string_view, 7> of_names{"key",    "none", "value", "values",
                                                   "mapped", "helo", "user"};
/// Members that are texts: ours with names put in, or such as others wrote.
constexpr std::array<std::string_view, 13> texts{
    "sentence", "advice", "quote",       "answer",  "expected", "note",  "cause",
    "why",      "value",  "unavailable", "effects", "values",   "mapped"};
/// What checks come to. Somebody may be called that, and then it still is what the check came to.
constexpr std::array<std::string_view, 12> words_of_checks{
    "pass",      "fail",   "softfail", "neutral", "none", "temperror",
    "permerror", "listed", "clear",    "yes",     "no",   "unknown"};

bool is_of_name(char c) { return is_letter_or_digit(c) || static_cast<unsigned char>(c) >= 0x80; }

/// How far what is found must stand by itself.
enum class Bounds : std::uint8_t {
  none,
  word,   ///< no letter or digit before or behind
  label,  ///< and a dot with more on one side at least, as in a name of DNS
  space,  ///< white space or an end on both sides
};

bool is_bounded(std::string_view text, std::size_t begin, std::size_t end, Bounds bounds) {
  if (bounds == Bounds::none) return true;
  const auto at = [text](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  const char before = begin > 0 ? text[begin - 1] : '\0';
  const char behind = at(end);
  if (bounds == Bounds::space) {
    return (begin == 0 || before == ' ') && (end == text.size() || behind == ' ');
  }
  // With an '@' behind it, it is another address.
  if (is_of_name(before) || is_of_name(behind) || behind == '@') return false;
  if (bounds == Bounds::word) return true;
  return (behind == '.' && is_of_name(at(end + 1))) ||
         (before == '.' && begin > 1 && is_of_name(text[begin - 2]));
}

bool replace_each(std::string& text, std::string_view from, std::string_view to, Bounds bounds) {
  if (from.empty() || from.size() > text.size()) return false;
  bool changed = false;
  auto small = lower(text);
  for (auto at = small.find(from); at != std::string::npos; at = small.find(from, at)) {
    if (!is_bounded(text, at, at + from.size(), bounds)) {
      ++at;
      continue;
    }
    text.replace(at, from.size(), to);
    small.replace(at, from.size(), to);
    at += to.size();
    changed = true;
  }
  return changed;
}

/// At least so much of the beginning of a name, with "..." behind it.
bool replace_cut(std::string& text, std::string_view name, std::size_t least,
                 std::string_view other) {
  const auto small = lower(text);
  const auto begin = name.substr(0, least);
  for (auto at = small.find(begin); at != std::string::npos; at = small.find(begin, at + 1)) {
    auto end = at + least;
    while (end < text.size() && end - at < name.size() && small[end] == name[end - at]) ++end;
    if (end - at == name.size() || text.compare(end, 3, "...") != 0) continue;
    text.replace(at, end - at, other);
    return true;
  }
  return false;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

bool has_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return !is_digit(c) && c != '.'; });
}

template <typename T>
void add_new(std::vector<T>& list, T each) {
  if (std::find(list.begin(), list.end(), each) == list.end()) list.push_back(std::move(each));
}

}  // namespace

bool is_given_by_administrators(const JsonPlace& place) {
  const auto member = place.member();
  // Words of the format that have the names of texts: why a rule of the trail was not asked, and
  // what became of an effect.
  constexpr std::size_t entry_depth = 4;
  const bool is_word =
      (member == "note" && place.key(1) == "trail" && place.depth() == entry_depth) ||
      (member == "state" && place.key(0) == "sent");
  return is_word || is_one_of(never_personal, member);
}

void PersonalNames::add(std::string_view local, std::string_view domain, std::string_view other,
                        Stands stands) {
  if (local.empty() || local == other) return;
  names_.push_back({lower(local), lower(domain), std::string(other), stands});
}

void PersonalNames::add_macros(std::string_view text) {
  for (auto at = text.find("%{"); at != std::string_view::npos; at = text.find("%{", at + 2)) {
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) return;
    const auto parsed = spf_macro_string(text.substr(at, end - at + 1), SpfMacroPlace::explanation);
    if (!parsed || parsed->empty()) continue;
    const auto& part = parsed->front();
    if (part.letter == 'l' || part.letter == 's') macros_.push_back(part);
  }
}

void PersonalNames::add_common_macros() {
  add_macros("%{l} %{lr} %{l1} %{l-} %{lr-} %{l1-} %{l1r-} %{l+} %{l1r+} %{l=} %{s}");
}

void PersonalNames::add_of_macros(const Name& name) {
  for (const auto& part : macros_) {
    const auto of = [&](const std::string& local) {
      return spf_transformed(part, part.letter == 's' ? local + '@' + name.domain : local);
    };
    const auto made = lower(of(name.local));
    add_new(of_macros_, Swap{made, of(name.other)});
    // As a reply has it.
    add_new(of_macros_, Swap{clean_for_reply(made, longest_address), of(name.other)});
  }
}

void PersonalNames::add_spellings(const Name& name) {
  // Nobody is called like a hash, so that it may stand anywhere.
  if (name.local.size() > hidden_local.size() && is_hidden_local(name.local)) {
    add_new(spellings_, Swap{name.local, name.other});
  }
  for (const auto& local : {name.local, clean_for_reply(name.local, longest_address)}) {
    if (local.size() > shortest_cut) add_new(cut_, Cut{local, shortest_cut, name.other});
    if (!name.domain.empty()) {
      add_new(cut_, Cut{local + '@' + name.domain, local.size() + 1, name.other});
    }
  }
  const auto with_domain = [&name](std::string local) {
    return name.domain.empty() ? local : local + '@' + name.domain;
  };
  for (const auto& spelling :
       {with_domain(name.local), with_domain('"' + escaped(name.local) + '"')}) {
    const auto clean = clean_for_reply(spelling, longest_address);
    if (clean == spelling || clean.size() < shortest_anywhere) continue;
    const Swap swap{clean, with_domain(name.other)};
    add_new(spellings_, swap);
    add_new(spellings_, Swap{escaped(clean), swap.to});
  }
}

void PersonalNames::prepare() {
  for (const auto& name : names_) {
    add_new(whole_, Swap{name.local, name.other});
    // An entry of a table that is of the local part in all domains.
    add_new(whole_, Swap{name.local + '@', name.other + '@'});
    if (name.stands == Stands::alone) {
      add_new(alone_, Swap{name.local, name.other});
      add_new(alone_, Swap{clean_for_reply(name.local, longest_address), name.other});
    }
    // What a table with a delimiter looks up too.
    if (const auto end = name.local.find_first_of("+-="); end != std::string::npos && end != 0) {
      const auto base = name.local.substr(0, end);
      add_new(whole_, Swap{base, name.other});
      add_new(whole_, Swap{base + '@', name.other + '@'});
    }
    add_spellings(name);
    add_of_macros(name);
  }
  for (const auto& swap : of_macros_) {
    if (swap.from.size() > shortest_cut) add_new(cut_, Cut{swap.from, shortest_cut, swap.to});
  }
  const auto longest_first = [](const Swap& a, const Swap& b) {
    return a.from.size() > b.from.size();
  };
  for (auto* list : {&alone_, &spellings_, &of_macros_}) {
    std::stable_sort(list->begin(), list->end(), longest_first);
  }
}

bool PersonalNames::edit_whole(std::string& text) const {
  const auto small = lower(text);
  const auto found = std::find_if(whole_.begin(), whole_.end(),
                                  [&small](const Swap& swap) { return swap.from == small; });
  if (found == whole_.end()) return false;
  text = found->to;
  return true;
}

void PersonalNames::pass(const JsonPlace& place, std::string_view text) {
  constexpr std::size_t evidence_depth = 6;
  if (place.depth() != evidence_depth || place.key(3) != "evidence" || place.member() != "name") {
    return;
  }
  is_of_people_ = text.ends_with(".local") || text.ends_with(".user") || text.starts_with("macro");
}

/// Of a question.
bool PersonalNames::edit_key(std::string& text) {
  auto before = lower(text);
  bool changed = false;
  for (const auto& [from, to] : whole_) {
    changed = replace_each(text, from, to, Bounds::space) || changed;
  }
  for (const auto& [from, to] : of_macros_) {
    const auto bounds = from.size() < shortest_anywhere ? Bounds::word : Bounds::none;
    changed = replace_each(text, from, to, bounds) || changed;
  }
  if (changed) keys_.push_back({std::move(before), text});
  return changed;
}

bool PersonalNames::edit_text(const JsonPlace& place, std::string& text) {
  const bool is_quote = place.member() == "quote";
  const bool was_sent = place.key(0) == "sent";
  bool changed = false;
  bool has_quote = quotes_.empty();
  for (const auto& [from, to] : quotes_) {
    has_quote = replace_each(text, from, to, Bounds::none) || has_quote;
  }
  changed = !quotes_.empty() && has_quote;
  for (const auto& [from, to] : keys_) {
    changed = replace_each(text, from, to, Bounds::word) || changed;
  }
  auto before = lower(text);
  // A quotation that was cut or folded is not found as it was.
  const auto bounds = is_quote || (was_sent && !has_quote) ? Bounds::word : Bounds::label;
  bool quoted_name = false;
  for (const auto& [from, to] : of_macros_) {
    quoted_name = replace_each(text, from, to, bounds) || quoted_name;
  }
  if (is_quote && quoted_name) quotes_.push_back({std::move(before), text});
  return changed || quoted_name;
}

bool PersonalNames::edit(const JsonPlace& place, std::string& text) {
  const auto member = place.member();
  const bool is_fact = place.key(0) == "facts" || place.key(0) == "tables";
  const bool is_macro = place.key(0) == "transaction" && place.key(1) == "macros";
  if (is_macro || (is_one_of(of_names, member) && place.key(1) != "effects")) {
    const bool is_word = place.key(3) == "evidence" && !is_of_people_;
    if ((!is_word || !is_one_of(words_of_checks, text)) && edit_whole(text)) return true;
  }
  bool changed = false;
  for (const auto& [from, to] : spellings_) {
    changed = replace_each(text, from, to, Bounds::none) || changed;
  }
  for (const auto& cut : cut_) changed = replace_cut(text, cut.from, cut.least, cut.to) || changed;
  if (is_fact && (member == "key" || member == "none")) return edit_key(text) || changed;
  if (!is_one_of(texts, member) && place.key(1) != "effects") return changed;
  for (const auto& [from, to] : alone_) {
    // A code is no name, whoever is called that.
    if (is_fact || !has_letter(from)) continue;
    changed = replace_each(text, from, to, Bounds::word) || changed;
  }
  return edit_text(place, text) || changed;
}

}  // namespace postern
