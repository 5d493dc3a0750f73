// PersonalNames: the local parts and login names of one record, and what is to stand for each where
// it stands without its domain: as what a rule looked at, in keys of questions, in names that SPF
// made of it, in texts that were cleaned or cut. Pure.
#pragma once

#include "checks/spf_macro.h"
#include "journal/json_strings.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern {

/// Whether what stands there never tells of a person: names that an administrator gave, words of
/// the format.
bool is_given_by_administrators(const JsonPlace& place);

class PersonalNames {
 public:
  /// Whether texts may have the name without a domain: login names, and addresses that have none.
  enum class Stands : std::uint8_t { with_its_domain, alone };

  /// `other` stands for `local`, which may be a name that has no domain.
  void add(std::string_view local, std::string_view domain, std::string_view other, Stands stands);
  /// `text` may hold macros of SPF: what they make of the names is found too.
  void add_macros(std::string_view text);
  /// Macros as they are common, for a record that does not tell which there were.
  void add_common_macros();
  bool empty() const noexcept { return names_.empty(); }

  /// To be called when all is added, before edit().
  void prepare();
  /// Strings in the order of the line. True if `text`, which stands at `place`, was changed.
  bool edit(const JsonPlace& place, std::string& text);
  /// To be told of strings that are not edited.
  void pass(const JsonPlace& place, std::string_view text);

 private:
  /// What stands for what, without regard to case: `from` is in small letters.
  struct Swap {
    std::string from;
    std::string to;
    friend bool operator==(const Swap&, const Swap&) = default;
  };
  /// The same of the beginning of `from`, from so many octets on, with "..." behind it.
  struct Cut {
    std::string from;
    std::size_t least;
    std::string to;
    friend bool operator==(const Cut&, const Cut&) = default;
  };
  struct Name {
    std::string local;  ///< in small letters
    std::string domain;
    std::string other;
    Stands stands;
  };

  bool edit_whole(std::string& text) const;
  bool edit_key(std::string& text);
  bool edit_text(const JsonPlace& place, std::string& text);
  void add_spellings(const Name& name);
  void add_of_macros(const Name& name);

  std::vector<Name> names_;
  std::vector<SpfMacroPart> macros_;
  std::vector<Swap> whole_;      ///< as all of a value
  std::vector<Swap> alone_;      ///< as a word of a text
  std::vector<Swap> spellings_;  ///< anywhere: nothing else looks like that
  std::vector<Cut> cut_;
  std::vector<Swap> of_macros_;  ///< as a part of a name in DNS
  std::vector<Swap> keys_;       ///< such names, as far as they were asked for
  std::vector<Swap> quotes_;     ///< what others wrote, as far as it was changed
  bool is_of_people_ = false;    ///< the evidence under way is of a name of somebody
};

}  // namespace postern
