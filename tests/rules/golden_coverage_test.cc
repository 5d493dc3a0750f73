// Every text of the rooms rules and tables that a person reads stands in a golden file.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern {
namespace {

const std::string root = POSTERN_SOURCE_DIR;
const std::string folder = "tests/golden/diagnostics";

/// Octets. What is shorter is a word between two parts of a message, and stands in many of them.
constexpr std::size_t shortest = 12;

struct Exception {
  std::string_view file;    ///< a part of its path
  std::string_view phrase;  ///< the whole literal as the complaint prints it; "": all of the file
  std::string_view reason;
};

constexpr std::string_view in_records =
    "stands in records and explanations; tests/golden/explain and the tests of evaluation have it";
constexpr std::string_view compiled_again =
    "a policy that is compiled again from the texts it keeps asks for no other file";

constexpr std::string_view of_the_log =
    "names of records stand in expressions of postern log alone; its tests have it";

/// What is no text of a diagnostic, and what no text of a policy brings forth.
constexpr std::array exceptions{
    Exception{"rules/schema.cc", "", "what each key means: docs/configuration.md shows it"},
    Exception{"rules/names.cc", "", "what each name means: docs/configuration.md shows it"},
    Exception{"rules/decision.cc", "", in_records},
    Exception{"rules/program.cc", "", in_records},
    Exception{"rules/compiler.cc", "is compared with a fixed value", of_the_log},
    Exception{"rules/compiler_calculations.cc", "what the mail server told can", of_the_log},
    Exception{"rules/resolve.cc", "scores are known while rules are asked, not afterwards",
              of_the_log},
    Exception{"rules/resolve.cc", "ask for the rule that tests it, as in rule == \"spam\"",
              of_the_log},
    Exception{"rules/score_reader.cc", "which recipients were accepted is not known", in_records},
    Exception{"rules/maintenance.cc", "The mail service is under maintenance until about",
              "what senders read while the service is in maintenance"},
    Exception{"rules/document.cc", "Error while parsing",
              "looked for in what the TOML library says, never written"},
    Exception{"rules/document.cc", "string: encountered end-of-file",
              "looked for in what the TOML library says, never written"},
    Exception{"rules/policy.cc", "it was no part of the policy", compiled_again},
    Exception{"rules/policy_files.cc", "it was no part of the policy", compiled_again},
    Exception{"tables/annotation.cc", "a table cannot hold more than 4 GiB",
              "no test has the memory"},
    Exception{"tables/line_reader.cc", "a table cannot hold more than 4 GiB",
              "no test has the memory"},
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Literal {
  std::size_t line = 0;
  std::string text;
};

/// The string literals of C++ source text, neighbours joined as the compiler joins them. Comments,
/// characters and #include lines are passed over. Enough for the source of this project, which has
/// no trigraphs and no prefixed literals.
class Scanner {
 public:
  explicit Scanner(std::string_view source) : source_(source) {}

  std::vector<Literal> run() {
    while (at_ < source_.size()) step();
    return std::move(literals_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  void step() {
    const char c = peek();
    if (c == '/' && peek(1) == '/') {
      skip_to("\n");
    } else if (c == '/' && peek(1) == '*') {
      skip_to("*/");
    } else if (c == '#') {
      joins_ = false;
      skip_to("\n");
    } else if (c == '\'' && is_digit_separator()) {
      ++at_;
    } else if (c == '\'') {
      joins_ = false;
      character();
    } else if (c == 'R' && peek(1) == '"') {
      raw();
    } else if (c == '"') {
      plain();
    } else {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) joins_ = false;
      ++at_;
    }
  }

  /// As in 100'000.
  bool is_digit_separator() const {
    return at_ > 0 && std::isxdigit(static_cast<unsigned char>(source_[at_ - 1])) != 0 &&
           std::isxdigit(static_cast<unsigned char>(peek(1))) != 0;
  }

  void skip_to(std::string_view end) {
    const auto found = source_.find(end, at_);
    at_ = found == std::string_view::npos ? source_.size() : found + end.size();
  }

  void character() {
    ++at_;
    while (at_ < source_.size() && peek() != '\'') at_ += peek() == '\\' ? 2 : 1;
    ++at_;
  }

  void plain() {
    const auto begin = at_++;
    std::string text;
    while (at_ < source_.size() && peek() != '"') {
      if (peek() != '\\') {
        text += source_[at_++];
        continue;
      }
      const char escaped = peek(1);
      text += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
      at_ += 2;
    }
    ++at_;
    add(begin, std::move(text));
  }

  void raw() {
    const auto begin = at_;
    const auto open = source_.find('(', at_);
    const auto close = ")" + std::string(source_.substr(at_ + 2, open - at_ - 2)) + "\"";
    const auto end = source_.find(close, open);
    at_ = end + close.size();
    add(begin, std::string(source_.substr(open + 1, end - open - 1)));
  }

  void add(std::size_t begin, std::string text) {
    if (joins_) {
      literals_.back().text += text;
      return;
    }
    const auto lines =
        std::count(source_.begin(), source_.begin() + static_cast<long>(begin), '\n');
    literals_.push_back({static_cast<std::size_t>(lines) + 1, std::move(text)});
    joins_ = true;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  bool joins_ = false;  ///< nothing but space stands behind the last literal so far
  std::vector<Literal> literals_;
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

/// Words, and not an identifier or a single one.
bool is_prose(std::string_view text) {
  return text.size() >= shortest && text.find(' ') != std::string_view::npos &&
         text.find('\n') == std::string_view::npos;
}

std::string all_golden_text() {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(root + '/' + folder)) {
    if (entry.path().extension() == ".expected") text += read_file(entry.path());
  }
  return text;
}

std::vector<std::string> source_files() {
  std::vector<std::string> files;
  for (const auto* room : {"common/rules", "common/tables"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root + '/' + room)) {
      const auto extension = entry.path().extension();
      if (extension != ".cc" && extension != ".h") continue;
      files.push_back(std::string(room) + '/' + entry.path().filename().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(GoldenCoverage, EveryTextOfADiagnosticStandsInAGoldenFile) {
  const auto golden = all_golden_text();
  std::set<const Exception*> used;
  std::string missing;
  std::size_t seen = 0;
  for (const auto& file : source_files()) {
    const auto source = read_file(root + '/' + file);
    for (const auto& literal : Scanner(source).run()) {
      const auto text = trimmed(literal.text);
      if (!is_prose(text)) continue;
      ++seen;
      const auto* exception =
          std::find_if(exceptions.begin(), exceptions.end(), [&](const Exception& each) {
            return file.find(each.file) != std::string::npos &&
                   (each.phrase.empty() || each.phrase == text);
          });
      const bool shown = golden.find(text) != std::string::npos;
      if (exception != exceptions.end() && (!shown || exception->phrase.empty())) {
        used.insert(exception);
      } else if (!shown) {
        missing += file + ':' + std::to_string(literal.line) + ": " + std::string(text) + '\n';
      }
    }
  }
  EXPECT_GT(seen, 500U) << "the scanner finds too little to have read the source";
  EXPECT_EQ(missing, "")
      << "These texts stand in no file " << folder << "/*.expected. Put a fault "
      << "that brings each forth into a .toml file of that folder (or a new one), "
      << "run test_rules with POSTERN_WRITE_GOLDEN=1, and read what it writes. "
      << "What no policy can bring forth goes, with its reason, on the list of "
      << "exceptions in this file.";
  for (const auto& exception : exceptions) {
    EXPECT_EQ(used.count(&exception), 1U) << "the exception for \"" << exception.phrase << "\" of "
                                          << exception.file << " is no longer needed: take it out";
  }
}

TEST(GoldenCoverage, ReadsLiteralsAsTheCompilerDoes) {
  const std::string source =
      "#include \"not this one\"\n"
      "// \"nor this one\"\n"
      "f('\"', 100'000, \"one \\\"half\\\" \"  // and a remark\n"
      "  \"and the other\", R\"x(raw \"text\" of its own)x\", /* \"no\" */ \"last\");\n";
  std::vector<std::string> texts;
  std::vector<std::size_t> lines;
  for (const auto& literal : Scanner(source).run()) {
    texts.push_back(literal.text);
    lines.push_back(literal.line);
  }
  EXPECT_EQ(texts, (std::vector<std::string>{"one \"half\" and the other",
                                             "raw \"text\" of its own", "last"}));
  EXPECT_EQ(lines, (std::vector<std::size_t>{3, 4, 4}));
}

}  // namespace
}  // namespace postern
