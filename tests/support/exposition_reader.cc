#include "support/exposition_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

namespace postern::testing {
namespace {

bool is_name_begin(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_char(char c) { return is_name_begin(c) || (c >= '0' && c <= '9'); }

/// Takes a name from the front of `rest`; empty: there is none.
std::string take_name(std::string_view& rest) {
  std::size_t end = 0;
  while (end < rest.size() && (end == 0 ? is_name_begin(rest[end]) : is_name_char(rest[end]))) {
    ++end;
  }
  std::string name(rest.substr(0, end));
  rest.remove_prefix(end);
  return name;
}

bool take(std::string_view& rest, char c) {
  if (rest.empty() || rest.front() != c) return false;
  rest.remove_prefix(1);
  return true;
}

/// A value in quotes; nothing: it is malformed.
std::optional<std::string> take_value(std::string_view& rest) {
  if (!take(rest, '"')) return std::nullopt;
  std::string value;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') return value;
    if (c != '\\') {
      value += c;
      continue;
    }
    if (rest.empty()) return std::nullopt;
    const char escaped = rest.front();
    rest.remove_prefix(1);
    if (escaped != '\\' && escaped != '"' && escaped != 'n') return std::nullopt;
    value += escaped == 'n' ? '\n' : escaped;
  }
  return std::nullopt;
}

class Reader {
 public:
  Exposition read(std::string_view text) {
    if (text.empty() || text.back() != '\n') fault("the text does not end a line", "");
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    for (const auto& [name, family] : result_.families) finish(name, family);
    return std::move(result_);
  }

 private:
  void fault(const std::string& what, std::string_view where) {
    result_.faults.push_back(what + ": " + std::string(where));
  }

  void line(std::string_view line) {
    if (line.empty()) return fault("an empty line", line);
    if (line.front() == '#') return comment(line);
    auto rest = line;
    Exposition::Sample sample;
    sample.name = take_name(rest);
    if (sample.name.empty()) return fault("no name", line);
    if (take(rest, '{') && !labels(rest, sample.labels)) return fault("bad labels", line);
    if (!take(rest, ' ')) return fault("no space before the value", line);
    const std::string number(rest);
    char* end = nullptr;
    sample.value = std::strtod(number.c_str(), &end);
    if (number.empty() || end != number.c_str() + number.size()) return fault("no number", line);
    add(std::move(sample), line);
  }

  static bool labels(std::string_view& rest, Exposition::Labels& into) {
    do {
      const auto name = take_name(rest);
      if (name.empty() || !take(rest, '=')) return false;
      auto value = take_value(rest);
      if (!value || !into.emplace(name, std::move(*value)).second) return false;
    } while (take(rest, ','));
    return take(rest, '}');
  }

  void comment(std::string_view line) {
    auto rest = line;
    const bool help = rest.rfind("# HELP ", 0) == 0;
    if (!help && rest.rfind("# TYPE ", 0) != 0) return fault("a comment", line);
    rest.remove_prefix(7);
    const auto name = take_name(rest);
    if (name.empty() || !take(rest, ' ')) return fault("no name and text", line);
    auto& family = result_.families[name];
    if (help) {
      if (!family.help.empty() || rest.empty()) fault("HELP again, or empty", line);
      family.help = rest;
    } else {
      const bool known = rest == "counter" || rest == "gauge" || rest == "histogram";
      if (!family.type.empty() || !known) fault("TYPE again, or unknown", line);
      family.type = rest;
      if (!seen_.insert(name).second) fault("a family in two pieces", line);
      current_ = name;
    }
  }

  void add(Exposition::Sample sample, std::string_view line) {
    const auto& type = result_.families[current_].type;
    const bool own = sample.name == current_ && type != "histogram";
    const bool part = type == "histogram" &&
                      (sample.name == current_ + "_bucket" || sample.name == current_ + "_sum" ||
                       sample.name == current_ + "_count");
    if (!own && !part) return fault("a sample outside its family", line);
    if (std::isnan(sample.value) || sample.value < 0) fault("not a number of ours", line);
    for (const auto& other : result_.families[current_].samples) {
      if (other.name == sample.name && other.labels == sample.labels) fault("told twice", line);
    }
    result_.families[current_].samples.push_back(std::move(sample));
  }

  void finish(const std::string& name, const Exposition::Family& family) {
    if (family.samples.empty()) fault("a family without samples", name);
    if (family.help.empty() || family.type.empty()) fault("no HELP or TYPE", name);
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    if (total != (family.type == "counter")) fault("only counters end in _total", name);
    if (family.type == "histogram") check_histogram(name, family);
  }

  /// Buckets rise, the last is +Inf and as many as _count.
  void check_histogram(const std::string& name, const Exposition::Family& family) {
    std::map<Exposition::Labels, std::pair<double, double>> last;  // bound and count
    for (const auto& sample : family.samples) {
      if (sample.name != name + "_bucket") continue;
      auto labels = sample.labels;
      const auto bound = labels.extract("le");
      if (bound.empty()) {
        fault("a bucket without le", name);
        continue;
      }
      const double upto = std::strtod(bound.mapped().c_str(), nullptr);
      const auto before = last.find(labels);
      if (before != last.end() &&
          (upto <= before->second.first || sample.value < before->second.second)) {
        fault("buckets that fall", name);
      }
      last[labels] = {upto, sample.value};
    }
    for (const auto& sample : family.samples) {
      if (sample.name != name + "_count") continue;
      const auto found = last.find(sample.labels);
      if (found == last.end() || !std::isinf(found->second.first) ||
          found->second.second != sample.value) {
        fault("the last bucket is not +Inf with the count", name);
      }
    }
  }

  Exposition result_;
  std::set<std::string> seen_;
  std::string current_;
};

bool holds(const Exposition::Labels& all, const Exposition::Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = all.find(label.first);
    return found != all.end() && found->second == label.second;
  });
}

const std::vector<Exposition::Sample>& samples_of(const Exposition& all, const std::string& name) {
  static const std::vector<Exposition::Sample> none;
  for (const char* suffix : {"", "_bucket", "_sum", "_count"}) {
    const std::string end(suffix);
    if (name.size() <= end.size() || name.substr(name.size() - end.size()) != end) continue;
    const auto found = all.families.find(name.substr(0, name.size() - end.size()));
    if (found != all.families.end()) return found->second.samples;
  }
  return none;
}

}  // namespace

Exposition read_exposition(std::string_view text) { return Reader().read(text); }

std::optional<double> Exposition::value(const std::string& name, const Labels& labels) const {
  std::optional<double> value;
  for (const auto& sample : samples_of(*this, name)) {
    if (sample.name != name || !holds(sample.labels, labels)) continue;
    if (value) return std::nullopt;
    value = sample.value;
  }
  return value;
}

double Exposition::sum(const std::string& name, const Labels& labels) const {
  double sum = 0;
  for (const auto& sample : samples_of(*this, name)) {
    if (sample.name == name && holds(sample.labels, labels)) sum += sample.value;
  }
  return sum;
}

}  // namespace postern::testing
