// PolicyFiles: the files of rules of one policy, main file first, then what it includes, as trees.
#pragma once

#include "postern/policy.h"
#include "postern/result.h"
#include "rules/diagnostics.h"
#include "rules/document.h"
#include "rules/loader.h"
#include "rules/loader_values.h"

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What was read, so that the same policy can be made again whatever has become of the files.
struct RuleTexts {
  std::map<std::string, std::string> files;                 ///< text by path
  std::map<std::string, std::vector<std::string>> matches;  ///< paths by include pattern
};

/// The folder of a path with its slash; empty: the path has none.
std::string folder_of(const std::string& path);
/// `name` as seen from the file `from` that names it.
std::string resolve_path(const std::string& from, const std::string& name);
/// Why a file could not be read, in the reader's words.
std::string reading_fault(const Problems& problems);

class PolicyFiles {
 public:
  /// With `kept`, nothing is read: the texts are those. All arguments outlive this.
  PolicyFiles(const FileReader& reader, const ValueReader& values, Diagnostics& diagnostics,
              const RuleTexts* kept)
      : reader_(reader), values_(values), diagnostics_(diagnostics), kept_(kept) {}

  /// The main file; why it cannot be read. Faults of what stands in it go to the diagnostics.
  Problems open(const std::string& path);
  /// What the main file includes. A file that cannot be had is reported where it is named.
  void include();

  /// Main file first, in the order of reading. References stay good.
  const std::deque<Node>& documents() const noexcept { return documents_; }
  const std::vector<const SourceFile*>& sources() const noexcept { return sources_; }
  /// What faults have kept from being read.
  Unread unread() const noexcept { return unread_; }
  /// What was read, or `kept`.
  RuleTexts take_texts();

 private:
  Result<std::string> read(const std::string& path);
  Result<std::vector<std::string>> match(const std::string& pattern);
  const SourceFile& keep(const std::string& path, const std::string& text);
  /// False if only its beginning could be read.
  bool open_document(const SourceFile& file);
  void note_unread();
  const SourceFile* load(const Node& by, const std::string& path);
  void include_pattern(const Node& item);
  void include_file(const Node& item, const std::string& path);
  /// What may stand in an included file.
  void check_sections(const Node& document);

  const FileReader& reader_;
  const ValueReader& values_;
  Diagnostics& diagnostics_;
  const RuleTexts* kept_;
  RuleTexts texts_;
  std::vector<const SourceFile*> sources_;
  std::deque<Node> documents_;
  Unread unread_ = Unread::nothing;
};

}  // namespace postern
