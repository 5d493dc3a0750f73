#include "postern/policy.h"

#include "checks/check.h"
#include "model/text.h"
#include "rules/loader.h"
#include "rules/loader_tests.h"
#include "rules/maintenance.h"
#include "rules/policy_source.h"
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
  std::shared_ptr<const std::vector<PolicyTest>> tests;

  // To make the same policy again with another table: the files of rules as they were read, and
  // every table with its origin.
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<std::string>> matches;
  std::map<std::string, LoadedTable> loaded;
  std::string main_file;
  std::optional<Maintenance> maintenance;
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
class PolicyBuilder final : private TableSources {
 public:
  PolicyBuilder(const FileReader& reader, const CheckRegistry& checks)
      : reader_(reader), checks_(checks) {}
  /// All of `before` but the tables of the file `changed`.
  PolicyBuilder(const FileReader& reader, const CheckRegistry& checks, const Policy& before,
                const std::string& changed)
      : reader_(reader),
        checks_(checks),
        before_(before.parts_.get()),
        changed_(&changed),
        maintenance_(before.parts_->maintenance) {}

  /// `policy` with another maintenance, or none.
  static Result<std::shared_ptr<const Policy>> with(std::shared_ptr<const Policy> policy,
                                                    const Maintenance* maintenance,
                                                    const FileReader& reader,
                                                    const CheckRegistry& checks) {
    const auto wanted = maintenance == nullptr ? std::nullopt : std::optional(*maintenance);
    if (policy->parts_->maintenance == wanted) return policy;
    const std::string none;  // no file is called so: no table is read anew
    PolicyBuilder builder(reader, checks, *policy, none);
    builder.maintenance_ = wanted;
    auto built = builder.build(policy->parts_->main_file);
    if (!built) return built.problems();
    return built->policy;
  }
  static PolicySource source_of(const Policy& policy) {
    const auto& parts = *policy.parts_;
    PolicySource source{parts.main_file, parts.texts, parts.matches, {}, parts.maintenance};
    for (const auto& [name, table] : parts.loaded) {
      if (table.path.empty()) continue;
      source.tables.push_back({name, table.path, table.origin, table.table->size()});
    }
    return source;
  }
  /// All of `before` but some tables.
  PolicyBuilder(const FileReader& reader, const CheckRegistry& checks, const Policy& before,
                const std::string& changed, const Tables& stand_ins)
      : PolicyBuilder(reader, checks, before, changed) {
    stand_ins_ = &stand_ins;
  }

  Result<CompiledPolicy> build(const std::string& path) {
    main_file_ = path;
    const auto text = read_rules(path);
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
    for (const auto& root : documents_) read_tables(root, values_, checks_, *this, tables);

    if (const auto* checks = documents_.front().find("check")) {
      for (const auto& check : checks->value.members) tables.checks.insert(check.key);
    }

    ConditionCompiler named(values_, checks_, tables, unread_);
    for (const auto& root : documents_) named.declare(root);
    const auto conditions = named.take();

    RuleCompiler compiler(values_, settings, checks_, tables, *this, conditions, unread_);
    for (const auto& root : documents_) {
      for (const auto* source : values_.list(root, "rule")) compiler.add(*source);
    }
    auto drafts = compiler.take();
    // With errors, rules are missing, and warnings about what is left would mislead.
    if (!diagnostics_.any_errors()) review(drafts, settings, tables, diagnostics_);
    auto tests = read_tests(drafts, tables);

    auto problems = diagnostics_.take();
    if (has_errors(problems)) return problems;
    return finish(settings, std::move(drafts), std::move(tables), std::move(tests),
                  std::move(problems));
  }

 private:
  /// A file of rules.
  Result<std::string> read_rules(const std::string& path) {
    if (before_ != nullptr) {
      const auto kept = before_->texts.find(path);
      if (kept == before_->texts.end()) return plain_problem("it was no part of the policy");
      return kept->second;
    }
    auto text = reader_.read(path);
    if (text) texts_[path] = *text;
    return text;
  }

  Result<std::vector<std::string>> match(const std::string& pattern) {
    if (before_ != nullptr) {
      const auto kept = before_->matches.find(pattern);
      if (kept == before_->matches.end()) return plain_problem("it was no part of the policy");
      return kept->second;
    }
    auto names = reader_.match(pattern);
    if (names) matches_[pattern] = *names;
    return names;
  }

  std::string resolve(const Node& by, const std::string& name) const override {
    return postern::resolve(by.span.file->name(), name);
  }

  std::shared_ptr<const std::string> text(const Node& by, const std::string& path) override {
    if (auto known = known_text(path)) return known;
    auto text = reader_.read(path);
    if (text) return table_texts_[path] = std::make_shared<const std::string>(std::move(*text));
    diagnostics_.error(by.span,
                       "cannot read " + quoted(path) + ": " + reason_text(text.problems()));
    return nullptr;
  }

  std::shared_ptr<const std::string> known_text(const std::string& path) const override {
    const auto known = table_texts_.find(path);
    return known == table_texts_.end() ? nullptr : known->second;
  }

  bool rows(const Node& by, const DatabaseQuery& query, const FileReader::Row& row) override {
    if (!reader_.rows) {
      diagnostics_.error(by.span, "data bases cannot be read here", "use a file of text");
      return false;
    }
    const auto problems = reader_.rows(query, row);
    if (problems.empty()) return true;
    diagnostics_.error(by.span, "cannot read " + quoted(query.path) + ": " + reason_text(problems),
                       problems.front().hint);
    return false;
  }

  /// Those of all files. What they need besides is not kept, so they are read once.
  std::shared_ptr<const std::vector<PolicyTest>> read_tests(const std::vector<DraftRule>& drafts,
                                                            const TableSet& tables) {
    if (before_ != nullptr) return before_->tests;
    TestReader::Scope scope{checks_, tables.tables, {}, !diagnostics_.any_errors()};
    for (const auto& draft : drafts) scope.rules.insert(draft.rule.place.name);
    TestReader tests(values_, reader_, std::move(scope));
    for (const auto& root : documents_) tests.add_all(root);
    return std::make_shared<const std::vector<PolicyTest>>(tests.take());
  }

  std::shared_ptr<const Table> stand_in(const std::string& table) const override {
    if (stand_ins_ == nullptr) return nullptr;
    const auto found = stand_ins_->find(table);
    return found == stand_ins_->end() ? nullptr : found->second;
  }

  const LoadedTable* kept(const std::string& table, const std::string& path) override {
    if (before_ == nullptr) return nullptr;
    const auto found = before_->loaded.find(table);
    if (found == before_->loaded.end()) return nullptr;
    if (path != *changed_) return &found->second;
    if (found->second.database) return nullptr;
    auto text = reader_.read(path);
    if (!text) return nullptr;  // whoever reads it next reports it
    if (sha256_hex(*text) == found->second.origin) return &found->second;
    table_texts_[path] = std::make_shared<const std::string>(std::move(*text));
    return nullptr;
  }

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
    const auto text = read_rules(path);
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
        include_file(item, resolve(item, item.string));
      }
    }
  }

  void include_pattern(const Node& item) {
    if (is_pattern(folder_of(item.string))) {
      diagnostics_.error(item.span, "only the last part of a name may be a pattern",
                         "as in \"rules/*.toml\"");
      return;
    }
    const auto pattern = resolve(item, item.string);
    if (before_ == nullptr && !reader_.match) {
      diagnostics_.error(item.span, "patterns cannot be looked up here", "name the files");
      return;
    }
    auto names = match(pattern);
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
    const std::vector<std::string> shared{"rule", "table", "when", "test"};
    const std::string hint =
        "an included file holds [[rule]], [table.NAME], [when.NAME] and [[test]] only";
    for (const auto& member : documents_.back().members) {
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

  Result<CompiledPolicy> finish(Settings settings, std::vector<DraftRule> drafts, TableSet tables,
                                std::shared_ptr<const std::vector<PolicyTest>> tests,
                                Problems warnings) {
    auto parts = std::make_unique<Policy::Parts>();
    parts->settings = std::move(settings);
    if (maintenance_) parts->rules.push_back(rule_of(*maintenance_));
    for (auto& draft : drafts) parts->rules.push_back(std::move(draft.rule));
    parts->maintenance = maintenance_;
    parts->index = RuleIndex(parts->rules);
    parts->tables = std::move(tables.tables);
    parts->loaded = std::move(tables.loaded);
    parts->tests = std::move(tests);
    parts->main_file = main_file_;
    parts->texts = before_ != nullptr ? before_->texts : std::move(texts_);
    parts->matches = before_ != nullptr ? before_->matches : std::move(matches_);
    std::string listing;
    // Names count from the folder of the main file: however that is spelled, it is one policy.
    const auto folder = folder_of(sources_.front()->name());
    const auto list = [&](std::string_view name, const std::string& digest) {
      if (name.starts_with(folder)) name.remove_prefix(folder.size());
      listing.append(name).append("\n").append(digest).append("\n");
    };
    for (const auto* source : sources_) list(source->name(), sha256_hex(source->text()));
    for (const auto& [name, table] : parts->loaded) {
      if (!table.path.empty()) list(table.path, table.origin);
    }
    if (maintenance_) {
      list("maintenance",
           maintenance_text(*maintenance_) + (maintenance_->ends_sessions ? " 421" : " 451"));
    }
    parts->digest = sha256_hex(listing);
    return CompiledPolicy{std::shared_ptr<const Policy>(new Policy(std::move(parts))),
                          std::move(warnings)};
  }

  /// It stands before all others: nothing is asked, and no accept comes first.
  static Rule rule_of(const Maintenance& maintenance) {
    const auto* reason = find_reason(maintenance.ends_sessions ? "shutdown" : "overload");
    const auto form = ReplyForm::parse(maintenance.ends_sessions ? "421 4.3.2" : "451 4.3.2");
    Rule rule{{std::string(maintenance_rule), maintenance.file, 1, Stage::connect},
              Condition::always(),
              Verdict::defer,
              {},
              reason,
              form,
              maintenance_text(maintenance),
              RuleMode::enforce,
              WhenUnavailable::skip,
              {}};
    // A session that began under it goes on when the time has come.
    rule.expires = maintenance.until;
    return rule;
  }

  const FileReader& reader_;
  const CheckRegistry& checks_;
  const Policy::Parts* before_ = nullptr;
  const std::string* changed_ = nullptr;
  std::optional<Maintenance> maintenance_;
  const Tables* stand_ins_ = nullptr;
  std::string main_file_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::string>> matches_;
  std::map<std::string, std::shared_ptr<const std::string>> table_texts_;
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

Result<std::shared_ptr<const Policy>> Policy::with_table_file(std::shared_ptr<const Policy> policy,
                                                              const std::string& path,
                                                              const FileReader& reader,
                                                              const CheckRegistry& checks) {
  auto built = PolicyBuilder(reader, checks, *policy, path).build(policy->parts_->main_file);
  if (!built) return built.problems();
  if (built->policy->digest() == policy->digest()) return policy;
  return built->policy;
}

Result<std::shared_ptr<const Policy>> Policy::with_tables(
    std::shared_ptr<const Policy> policy,
    const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& tables,
    const CheckRegistry& checks) {
  const FileReader nothing_to_read{[](const std::string&) -> Result<std::string> {
    return plain_problem("it was no part of the policy");
  }};
  const std::string no_file;
  auto built = PolicyBuilder(nothing_to_read, checks, *policy, no_file, tables)
                   .build(policy->parts_->main_file);
  if (!built) return built.problems();
  return built->policy;
}

Result<std::vector<PolicyTest>> Policy::read_tests(const Policy& policy, const std::string& path,
                                                   const FileReader& reader,
                                                   const CheckRegistry& checks) {
  const auto text = reader.read(path);
  if (!text) {
    Problem problem = plain_problem("cannot read this file: " + reason_text(text.problems()));
    problem.position.file = path;
    return problem;
  }
  Diagnostics diagnostics;
  const ValueReader values(diagnostics);
  const auto document = parse_document(diagnostics.add_file(path, *text), diagnostics);
  for (const auto& member : document.root.members) {
    if (member.key == "test") continue;
    diagnostics.error(member.key_span, quoted(member.key) + " has no place in a file of tests",
                      "such a file holds [[test]] only; rules and tables are the policy's");
  }
  TestReader::Scope scope{checks, policy.tables(), {}, true};
  for (const auto& rule : policy.rules()) scope.rules.insert(rule.place.name);
  TestReader tests(values, reader, std::move(scope));
  tests.add_all(document.root);
  auto problems = diagnostics.take();
  if (has_errors(problems)) return problems;
  return tests.take();
}

Result<std::shared_ptr<const Policy>> with_maintenance(std::shared_ptr<const Policy> policy,
                                                       const Maintenance* maintenance,
                                                       const FileReader& reader,
                                                       const CheckRegistry& checks) {
  if (maintenance != nullptr) {
    if (const auto fault = maintenance_fault(*maintenance); !fault.empty()) {
      return plain_problem("the text of the maintenance: " + fault);
    }
  }
  return PolicyBuilder::with(std::move(policy), maintenance, reader, checks);
}

PolicySource source_of(const Policy& policy) { return PolicyBuilder::source_of(policy); }

std::vector<std::string> Policy::table_files() const {
  std::set<std::string> paths;
  for (const auto& [name, table] : parts_->loaded) {
    if (!table.path.empty()) paths.insert(table.path);
  }
  return {paths.begin(), paths.end()};
}

std::map<std::string, std::string> Policy::table_sources() const {
  std::map<std::string, std::string> sources;
  for (const auto& [name, table] : parts_->loaded) {
    if (!table.path.empty()) sources.emplace(name, table.path);
  }
  return sources;
}

const Settings& Policy::settings() const noexcept { return parts_->settings; }
const RuleIndex& Policy::rule_index() const noexcept { return parts_->index; }
const std::vector<Rule>& Policy::rules() const noexcept { return parts_->rules; }
const std::map<std::string, std::shared_ptr<const Table>, std::less<>>& Policy::tables()
    const noexcept {
  return parts_->tables;
}
const std::string& Policy::digest() const noexcept { return parts_->digest; }
const std::vector<PolicyTest>& Policy::tests() const noexcept { return *parts_->tests; }

}  // namespace postern
