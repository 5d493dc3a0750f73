// Values: what a name of a condition stands for in one transaction. Pure views into the
// transaction; they live as long as it does, or as long as the TextBuffer given.
#pragma once

#include "postern/transaction.h"
#include "rules/names.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace postern::expression {

/// A value and whether there is one; see Told for the difference between absent and not told.
template <typename T>
struct Reading {
  enum class State : std::uint8_t { not_told, absent, told };
  State state = State::not_told;
  T value{};

  static Reading told(T value) { return {State::told, std::move(value)}; }
  static Reading absent() { return {State::absent, T{}}; }
  static Reading not_told() { return {}; }
};

/// Room for the text of a mail address, so that looking at one allocates nothing in the usual case.
class TextBuffer {
 public:
  std::string_view join(const MailAddress& address);

 private:
  // Octets: the longest path of RFC 5321 4.5.3.1.3 with some to spare; longer ones are allocated.
  std::array<char, 320> room_;
  std::string more_;
};

/// What a name may be read from before its stage.
enum class Reach : std::uint8_t {
  stage,   ///< nothing: a rule must not depend on whether the mail server tells early
  record,  ///< what the transaction holds all the same: it lies in the past, and is what it is
};

/// A name that `transaction` cannot know at its stage, or as far as `reach` goes, reads as not
/// told.
Reading<bool> read_boolean(Name name, const Transaction& transaction, Reach reach = Reach::stage);
Reading<std::int64_t> read_number(Name name, const Transaction& transaction,
                                  Reach reach = Reach::stage);
/// Types text, domain, choice, address. `macro`: the macro's name, for Name::macro.
Reading<std::string_view> read_text(Name name, std::string_view macro,
                                    const Transaction& transaction, TextBuffer& buffer,
                                    Reach reach = Reach::stage);
Reading<const MailAddress*> read_address(Name name, const Transaction& transaction,
                                         Reach reach = Reach::stage);
Reading<std::span<const AcceptedRecipient>> read_addresses(Name name,
                                                           const Transaction& transaction,
                                                           Reach reach = Reach::stage);
Reading<std::optional<IpAddress>> read_ip(Name name, const Transaction& transaction,
                                          Reach reach = Reach::stage);

/// The value for a record: "198.51.100.7", "true", "<>" for the null path, "" when there is none.
/// nullopt when the MTA did not tell.
std::optional<std::string> describe(Name name, std::string_view macro,
                                    const Transaction& transaction);

/// Domain names without regard to ASCII case and a final dot (RFC 1034 3.1).
bool same_domain(std::string_view a, std::string_view b) noexcept;
/// True if `name` is `domain` or stands below it, label by label: notexample.org is not within
/// example.org. `domain` has no dot at either end; nothing is within the empty one.
bool is_within(std::string_view name, std::string_view domain) noexcept;
/// Local parts without regard to ASCII case. RFC 5321 2.4 leaves them to the host that delivers,
/// and practically every host folds them; a policy that did not would answer otherwise than the
/// mailbox.
bool same_local(std::string_view a, std::string_view b) noexcept;
/// Both of these, part by part. How conditions compare addresses; MailAddress itself, and with it
/// everything that is kept or counted by address, stays exact.
bool same_mailbox(const MailAddress& a, const MailAddress& b) noexcept;
/// True if `part`, in lower case, stands at `at` of `text`, whatever the case of that.
bool stands_at(std::string_view text, std::size_t at, std::string_view part) noexcept;

}  // namespace postern::expression
