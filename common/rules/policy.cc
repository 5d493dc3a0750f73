#include "postern/policy.h"

#include "checks/check.h"
#include "model/text.h"
#include "rules/loader.h"
#include "rules/rule_index.h"
#include "tables/table.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace postern {

struct Policy::Parts {
  Settings settings;
  std::vector<Rule> rules;
  RuleIndex index{{}};
  Tables tables;
  std::string digest;
};

namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

/// `name` as seen from the file that names it.
std::string resolve(const std::string& from, const std::string& name) {
  return !name.empty() && name.front() == '/' ? name : folder_of(from) + name;
}

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?") != std::string_view::npos;
}

std::string reason_text(const Problems& problems) {
  return problems.empty() ? std::string("no reason given") : problems.front().message;
}

}  // namespace

/// Runs the parts of the compiler over the files of one policy.
class PolicyBuilder {
 public:
  PolicyBuilder(const FileReader& reader, const CheckRegistry& checks)
      : reader_(reader), checks_(checks) {}

  Result<CompiledPolicy> build(const std::string& path) {
    const auto text = reader_.read(path);
    if (!text) {
      Problem problem = plain_problem("cannot read this file: " + reason_text(text.problems()));
      problem.position.file = path;
      return problem;
    }
    if (!open_document(keep(path, *text))) unread_ = Unread::part_of_main_file;

    values_.check_keys(documents_.front(), "");
    const auto settings = read_settings(documents_.front(), values_, unread_);
    read_includes();

    TableSet tables;
    const SourceLoader load = [this](const Node& by, const std::string& name) {
      return this->load(by, resolve(by.span.file->name(), name));
    };
    for (const auto& root : documents_) read_tables(root, values_, checks_, load, tables);

    if (const auto* checks = documents_.front().find("check")) {
      for (const auto& check : checks->value.members) tables.checks.insert(check.key);
    }

    ConditionCompiler named(values_, checks_, tables, unread_);
    for (const auto& root : documents_) named.declare(root);
    const auto conditions = named.take();

    RuleCompiler compiler(values_, settings, checks_, tables, conditions, unread_);
    for (const auto& root : documents_) {
      for (const auto* source : values_.list(root, "rule")) compiler.add(*source);
    }
    auto drafts = compiler.take();
    // With errors, rules are missing, and warnings about what is left would mislead.
    if (!diagnostics_.any_errors()) review(drafts, settings, tables, diagnostics_);

    auto problems = diagnostics_.take();
    if (has_errors(problems)) return problems;
    return finish(settings, std::move(drafts), std::move(tables.tables), std::move(problems));
  }

 private:
  const SourceFile& keep(const std::string& path, const std::string& text) {
    return *sources_.emplace_back(&diagnostics_.add_file(path, text));
  }

  /// False if only its beginning could be read.
  bool open_document(const SourceFile& file) {
    auto document = parse_document(file, diagnostics_);
    documents_.push_back(std::move(document.root));
    return document.extent == Document::Extent::whole;
  }

  void note_unread() { unread_ = std::max(unread_, Unread::part_of_included_files); }

  const SourceFile* load(const Node& by, const std::string& path) {
    for (const auto* source : sources_) {
      if (source->name() == path) return source;
    }
    const auto text = reader_.read(path);
    if (!text) {
      diagnostics_.error(by.span,
                         "cannot read " + quoted(path) + ": " + reason_text(text.problems()));
      return nullptr;
    }
    return &keep(path, *text);
  }

  void read_includes() {
    const auto* member = documents_.front().find("include");
    if (member == nullptr) return;
    const auto& value = member->value;
    if (value.kind != Node::Kind::array) {
      diagnostics_.error(
          value.span, "\"include\" is a list of strings, not " + std::string(to_text(value.kind)),
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
        include_file(item, resolve(item.span.file->name(), item.string));
      }
    }
  }

  void include_pattern(const Node& item) {
    if (is_pattern(folder_of(item.string))) {
      diagnostics_.error(item.span, "only the last part of a name may be a pattern",
                         "as in \"rules/*.toml\"");
      return;
    }
    const auto pattern = resolve(item.span.file->name(), item.string);
    if (!reader_.match) {
      diagnostics_.error(item.span, "patterns cannot be looked up here", "name the files");
      return;
    }
    auto names = reader_.match(pattern);
    if (!names) {
      note_unread();
      diagnostics_.error(
          item.span, "cannot look for " + quoted(pattern) + ": " + reason_text(names.problems()));
      return;
    }
    if (names->empty()) {
      diagnostics_.warning(item.span, "no file matches " + quoted(pattern));
    }
    // The order of rules must not depend on a folder's.
    std::sort(names->begin(), names->end());
    for (const auto& path : *names) include_file(item, path);
  }

  void include_file(const Node& item, const std::string& path) {
    for (const auto* source : sources_) {
      if (source->name() != path) continue;
      diagnostics_.error(item.span, quoted(path) + " is part of the policy already",
                         "a file is included once");
      return;
    }
    const auto* file = load(item, path);
    if (file == nullptr) return note_unread();
    if (!open_document(*file)) note_unread();
    for (const auto& member : documents_.back().members) {
      if (member.key == "rule" || member.key == "table" || member.key == "when") continue;
      const auto* key = find_key(member.key);
      if (key != nullptr && key->availability == Availability::later) {
        values_.not_built_yet(member);
      } else if (key != nullptr) {
        diagnostics_.error(member.key_span, quoted(member.key) + " belongs in the main file",
                           "an included file holds [[rule]], [table.NAME] and [when.NAME] only");
      } else {
        diagnostics_.error(
            member.key_span, "unknown key " + quoted(member.key),
            nearest_hint(member.key, {"rule", "table", "when"},
                         "an included file holds [[rule]], [table.NAME] and [when.NAME] only"));
      }
    }
  }

  Result<CompiledPolicy> finish(Settings settings, std::vector<DraftRule> drafts, Tables tables,
                                Problems warnings) {
    auto parts = std::make_unique<Policy::Parts>();
    parts->settings = std::move(settings);
    for (auto& draft : drafts) parts->rules.push_back(std::move(draft.rule));
    parts->index = RuleIndex(parts->rules);
    parts->tables = std::move(tables);
    std::string listing;
    // Names count from the folder of the main file: however that is spelled, it is one policy.
    const auto folder = folder_of(sources_.front()->name());
    for (const auto* source : sources_) {
      std::string_view name = source->name();
      if (name.starts_with(folder)) name.remove_prefix(folder.size());
      listing.append(name) += '\n' + sha256_hex(source->text()) + '\n';
    }
    parts->digest = sha256_hex(listing);
    return CompiledPolicy{std::shared_ptr<const Policy>(new Policy(std::move(parts))),
                          std::move(warnings)};
  }

  const FileReader& reader_;
  const CheckRegistry& checks_;
  Diagnostics diagnostics_;
  ValueReader values_{diagnostics_};
  std::vector<const SourceFile*> sources_;  // in the order of reading, main file first
  std::deque<Node> documents_;              // references stay good while it grows
  Unread unread_ = Unread::nothing;
};

Policy::Policy(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Policy::~Policy() = default;

Result<CompiledPolicy> Policy::compile(const std::string& path, const FileReader& reader,
                                       const CheckRegistry& checks) {
  return PolicyBuilder(reader, checks).build(path);
}

Result<CompiledPolicy> Policy::compile(const std::string& path, const FileReader& reader) {
  const CheckRegistry none;  // policies share ownership of the checks they use, so it may go
  return compile(path, reader, none);
}

const Settings& Policy::settings() const noexcept { return parts_->settings; }
const RuleIndex& Policy::rule_index() const noexcept { return parts_->index; }
const std::vector<Rule>& Policy::rules() const noexcept { return parts_->rules; }
const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& Policy::tables()
    const noexcept {
  return parts_->tables;
}
const std::string& Policy::digest() const noexcept { return parts_->digest; }

}  // namespace postern
