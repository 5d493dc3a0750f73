#include "rules/policy_files.h"

#include "model/text.h"
#include "rules/schema.h"

#include <algorithm>
#include <utility>

namespace postern {
namespace {

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?") != std::string_view::npos;
}

}  // namespace

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

std::string resolve_path(const std::string& from, const std::string& name) {
  return !name.empty() && name.front() == '/' ? name : folder_of(from) + name;
}

std::string reading_fault(const Problems& problems) {
  return problems.empty() ? std::string("no reason given") : problems.front().message;
}

Problems PolicyFiles::open(const std::string& path) {
  const auto text = read(path);
  if (!text) {
    Problem problem = plain_problem("cannot read this file: " + reading_fault(text.problems()));
    problem.position.file = path;
    return {problem};
  }
  if (!open_document(keep(path, *text))) unread_ = Unread::part_of_main_file;
  return {};
}

RuleTexts PolicyFiles::take_texts() {
  if (kept_ != nullptr) return *kept_;
  return std::move(texts_);
}

Result<std::string> PolicyFiles::read(const std::string& path) {
  if (kept_ != nullptr) {
    const auto kept = kept_->files.find(path);
    if (kept == kept_->files.end()) return plain_problem("it was no part of the policy");
    return kept->second;
  }
  auto text = reader_.read(path);
  if (text) texts_.files[path] = *text;
  return text;
}

Result<std::vector<std::string>> PolicyFiles::match(const std::string& pattern) {
  if (kept_ != nullptr) {
    const auto kept = kept_->matches.find(pattern);
    if (kept == kept_->matches.end()) return plain_problem("it was no part of the policy");
    return kept->second;
  }
  auto names = reader_.match(pattern);
  if (names) texts_.matches[pattern] = *names;
  return names;
}

const SourceFile& PolicyFiles::keep(const std::string& path, const std::string& text) {
  return *sources_.emplace_back(&diagnostics_.add_file(path, text));
}

bool PolicyFiles::open_document(const SourceFile& file) {
  auto document = parse_document(file, diagnostics_);
  documents_.push_back(std::move(document.root));
  return document.extent == Document::Extent::whole;
}

void PolicyFiles::note_unread() { unread_ = std::max(unread_, Unread::part_of_included_files); }

const SourceFile* PolicyFiles::load(const Node& by, const std::string& path) {
  for (const auto* source : sources_) {
    if (source->name() == path) return source;
  }
  const auto text = read(path);
  if (!text) {
    diagnostics_.error(by.span,
                       "cannot read " + quoted(path) + ": " + reading_fault(text.problems()));
    return nullptr;
  }
  return &keep(path, *text);
}

void PolicyFiles::include() {
  const auto* member = documents_.front().find("include");
  if (member == nullptr) return;
  const auto& value = member->value;
  if (value.kind != Node::Kind::array) {
    diagnostics_.error(value.span,
                       "\"include\" is a list of strings, not " + std::string(to_text(value.kind)),
                       "as in include = [\"rules/*.toml\"]");
    return;
  }
  for (const auto& item : value.items) {
    if (item.kind != Node::Kind::string || item.string.empty()) {
      diagnostics_.error(item.span, "\"include\" holds names of files");
      continue;
    }
    if (is_pattern(item.string)) {
      include_pattern(item);
    } else {
      include_file(item, resolve_path(item.span.file->name(), item.string));
    }
  }
}

void PolicyFiles::include_pattern(const Node& item) {
  if (is_pattern(folder_of(item.string))) {
    diagnostics_.error(item.span, "only the last part of a name may be a pattern",
                       "as in \"rules/*.toml\"");
    return;
  }
  const auto pattern = resolve_path(item.span.file->name(), item.string);
  if (kept_ == nullptr && !reader_.match) {
    diagnostics_.error(item.span, "patterns cannot be looked up here", "name the files");
    return;
  }
  auto names = match(pattern);
  if (!names) {
    note_unread();
    diagnostics_.error(
        item.span, "cannot look for " + quoted(pattern) + ": " + reading_fault(names.problems()));
    return;
  }
  if (names->empty()) {
    diagnostics_.warning(item.span, "no file matches " + quoted(pattern));
  }
  // The order of rules must not depend on a folder's.
  std::sort(names->begin(), names->end());
  for (const auto& path : *names) include_file(item, path);
}

void PolicyFiles::include_file(const Node& item, const std::string& path) {
  for (const auto* source : sources_) {
    if (source->name() != path) continue;
    diagnostics_.error(item.span, quoted(path) + " is part of the policy already",
                       "a file is included once");
    return;
  }
  const auto* file = load(item, path);
  if (file == nullptr) return note_unread();
  if (!open_document(*file)) note_unread();
  check_sections(documents_.back());
}

void PolicyFiles::check_sections(const Node& document) {
  const std::vector<std::string> shared{"rule", "table", "check", "when", "test"};
  const std::string hint =
      "an included file holds [[rule]], [table.NAME], [check.NAME], [when.NAME] and [[test]] "
      "only";
  for (const auto& member : document.members) {
    if (std::find(shared.begin(), shared.end(), member.key) != shared.end()) continue;
    const auto* key = find_key(member.key);
    if (key != nullptr && key->availability == Availability::later) {
      values_.not_built_yet(member);
    } else if (key != nullptr) {
      diagnostics_.error(member.key_span, quoted(member.key) + " belongs in the main file", hint);
    } else {
      diagnostics_.error(member.key_span, "unknown key " + quoted(member.key),
                         nearest_hint(member.key, shared, hint));
    }
  }
}

}  // namespace postern
