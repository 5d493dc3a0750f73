#include "rules/loader_tests.h"

#include <utility>

namespace postern {
namespace {

void report(const Node& value, const KitFault& fault, const ValueReader& values) {
  values.diagnostics().error(value.span, fault.message, fault.hint);
}

/// Records, and what else an answer may be.
class AnswerReader {
 public:
  AnswerReader(DnsType type, const ValueReader& values) : type_(type), values_(values) {}

  std::optional<DnsResult> read(const Node& value) {
    result_.kind = DnsResult::Kind::records;
    if (value.kind == Node::Kind::string) {
      if (const auto trouble = dns_trouble_from_text(value.string)) {
        return DnsResult{*trouble, {}};
      }
      add(value);
    } else if (value.kind == Node::Kind::array) {
      for (const auto& item : value.items) add(item);
    } else {
      wrong(value,
            "an answer is a string or a list of strings, not " + std::string(to_text(value.kind)));
    }
    if (!good_) return {};
    return std::move(result_);
  }

 private:
  void wrong(const Node& value, const std::string& message) {
    values_.diagnostics().error(value.span, message,
                                "one record, a list of them, \"NXDOMAIN\", \"SERVFAIL\" or "
                                "\"TIMEOUT\"");
    good_ = false;
  }

  void keep(const Node& value, std::variant<std::string, KitFault> record) {
    if (auto* text = std::get_if<std::string>(&record)) {
      result_.records.push_back(std::move(*text));
      return;
    }
    report(value, std::get<KitFault>(record), values_);
    good_ = false;
  }

  void add(const Node& value) {
    if (value.kind == Node::Kind::array && type_ == DnsType::txt) return add_strings(value);
    if (value.kind != Node::Kind::string) {
      return wrong(
          value, "a record is a string, not " + std::string(to_text(value.kind)) +
                     (value.kind == Node::Kind::array ? "; a list inside the list is one TXT record"
                                                      : ""));
    }
    if (type_ != DnsType::txt && dns_trouble_from_text(value.string)) {
      return wrong(value, quoted(value.string) + " stands alone, not in a list");
    }
    keep(value, dns_record(type_, value.string));
  }

  void add_strings(const Node& value) {
    std::vector<std::string> strings;
    for (const auto& item : value.items) {
      if (item.kind != Node::Kind::string) {
        return wrong(item, "the inner list holds the texts of one TXT record, not " +
                               std::string(to_text(item.kind)));
      }
      strings.push_back(item.string);
    }
    keep(value, dns_text(strings));
  }

  DnsType type_;
  const ValueReader& values_;
  DnsResult result_;
  bool good_ = true;
};

}  // namespace

void read_dns(const Node& answers, const ValueReader& values, DnsWorld& world) {
  for (const auto& member : answers.members) {
    const auto question = dns_question(member.key);
    if (const auto* fault = std::get_if<KitFault>(&question)) {
      values.diagnostics().error(member.key_span, fault->message, fault->hint);
      continue;
    }
    const auto& asked = std::get<DnsQuestion>(question);
    auto result = AnswerReader(asked.type, values).read(member.value);
    if (!result) continue;
    if (const auto fault = world.add(asked, std::move(*result))) {
      values.diagnostics().error(member.key_span, fault->message, fault->hint);
    }
  }
}

Result<DnsWorld> read_dns_file(const std::string& path, const FileReader& reader) {
  const auto text = reader.read(path);
  if (!text) {
    auto problems = text.problems();
    for (auto& problem : problems) problem.position.file = path;
    return problems;
  }
  Diagnostics diagnostics;
  const ValueReader values(diagnostics);
  const auto document = parse_document(diagnostics.add_file(path, *text), diagnostics);
  DnsWorld world;
  read_dns(document.root, values, world);
  auto problems = diagnostics.take();
  if (has_errors(problems)) return problems;
  return world;
}

void TestReader::read_world(const Node& source, PolicyTest& test) {
  if (const auto* answers = values_.section(source, "test.dns")) {
    read_dns(*answers, values_, test.world.dns);
  }
  if (const auto name = values_.text(source, "test.dns_file")) {
    const auto* world = dns_file(source.find("dns_file")->value, *name);
    if (world != nullptr) test.world.dns.add_missing(*world);
  }
  read_counters(source, test.world);
  read_geo_of_client(source, test.world);
}

void TestReader::read_geo_of_client(const Node& source, World& world) {
  const auto* client = source.find("client");
  if (client == nullptr || client->value.kind != Node::Kind::table) return;
  for (const auto fact : geo_facts) {
    const auto key = std::string(to_text(fact));
    const auto text = values_.text(client->value, "test.client." + key);
    if (!text) continue;
    auto value = geo_value(fact, *text);
    const auto* member = client->value.find(key);
    if (const auto* fault = std::get_if<KitFault>(&value)) {
      report(member->value, *fault, values_);
    } else if (client->value.find("local") != nullptr) {
      report(member->value, {"a local client has no address that a file could know", "take it out"},
             values_);
    } else {
      world.geo[place_of(fact)] = std::get<std::string>(std::move(value));
    }
  }
}

const DnsWorld* TestReader::dns_file(const Node& by, const std::string& name) {
  const auto& from = by.span.file->name();
  const auto slash = from.rfind('/');
  const auto path =
      name.starts_with('/') || slash == std::string::npos ? name : from.substr(0, slash + 1) + name;
  auto known = dns_files_.find(path);
  if (known == dns_files_.end()) {
    known = dns_files_.emplace(path, std::nullopt).first;
    const auto text = reader_.read(path);
    if (!text) {
      diagnostics().error(by.span, "cannot read " + quoted(path) + ": " +
                                       (text.problems().empty() ? "no reason given"
                                                                : text.problems().front().message));
      return nullptr;
    }
    auto document = parse_document(diagnostics().add_file(path, *text), diagnostics());
    known->second.emplace();
    read_dns(documents_.emplace_back(std::move(document.root)), values_, *known->second);
  }
  return known->second ? &*known->second : nullptr;
}

void TestReader::read_counters(const Node& source, World& world) {
  const auto* counters = values_.section(source, "test.counters");
  if (counters == nullptr) return;
  for (const auto& member : counters->members) {
    const auto key = counter_key(member.key);
    if (const auto* fault = std::get_if<KitFault>(&key)) {
      diagnostics().error(member.key_span, fault->message, fault->hint);
    } else if (member.value.kind != Node::Kind::integer || member.value.integer < 0) {
      diagnostics().error(member.value.span, "a counter is a whole number, 0 or more",
                          "what has been counted before this transaction");
    } else {
      world.counters.emplace(std::get<CounterKey>(key), member.value.integer);
    }
  }
}

}  // namespace postern
