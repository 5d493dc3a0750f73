// Reply: an SMTP refusal that is legal by construction. Reply::make is the only door to one.
//
// libmilter and Postfix accept and mangle wrong replies without a word (550 with 4.7.1, a lone
// '%', a bare code that Postfix reads as "permit"), so a wrong reply must be impossible to hold.
// Immutable values; safe to share between threads.
#pragma once

#include "postern/result.h"
#include "postern/transaction.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// The commands whose replies the standards list separately (RFC 5321 4.3.2 and the extensions).
enum class ReplyStage : std::uint8_t {
  connect,
  helo,
  auth,
  starttls,
  mail,
  rcpt,
  data,
  end_of_message,
  rset,
  vrfy,
  expn,
  help,
  noop,
  quit,
};
inline constexpr std::size_t reply_stage_count = 14;

/// "CONNECT", "HELO", ..., "EOM": the names of the standards.
std::string_view to_text(ReplyStage stage) noexcept;
std::optional<ReplyStage> reply_stage_from_text(std::string_view text) noexcept;
/// Where a client sees what we answer at `stage`; end of headers is answered after the final dot.
ReplyStage reply_stage(Stage stage) noexcept;

/// A set of reply stages.
class ReplyStages {
 public:
  constexpr ReplyStages() = default;
  constexpr ReplyStages(std::initializer_list<ReplyStage> stages) {
    for (const auto stage : stages) bits_ |= bit(stage);
  }
  static constexpr ReplyStages any() {
    ReplyStages all;
    all.bits_ = (1U << reply_stage_count) - 1;
    return all;
  }
  constexpr bool contains(ReplyStage stage) const { return (bits_ & bit(stage)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool is_any() const { return bits_ == any().bits_; }
  friend constexpr bool operator==(ReplyStages, ReplyStages) = default;

 private:
  static constexpr std::uint16_t bit(ReplyStage stage) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(stage));
  }
  std::uint16_t bits_ = 0;
};

/// A basic reply code of the registry (RFC 5321 4.2 and extensions).
class ReplyCode {
 public:
  /// nullopt for a number that no RFC or registry gives a meaning.
  static std::optional<ReplyCode> from(int value) noexcept;
  static std::optional<ReplyCode> parse(std::string_view text) noexcept;

  int value() const noexcept { return value_; }
  int first_digit() const noexcept { return value_ / 100; }
  std::string text() const { return std::to_string(value_); }
  friend auto operator<=>(const ReplyCode&, const ReplyCode&) = default;

 private:
  explicit ReplyCode(int value) : value_(static_cast<std::int16_t>(value)) {}
  std::int16_t value_;
};

/// An enhanced status code (RFC 3463 2) whose X.subject.detail stands in the IANA registry.
class EnhancedCode {
 public:
  /// Reads "5.7.26": class 2, 4 or 5, no leading zeros, registered.
  static std::optional<EnhancedCode> parse(std::string_view text) noexcept;
  static std::optional<EnhancedCode> from(int klass, int subject, int detail) noexcept;

  int klass() const noexcept { return class_; }
  int subject() const noexcept { return subject_; }
  int detail() const noexcept { return detail_; }
  std::string text() const;
  friend auto operator<=>(const EnhancedCode&, const EnhancedCode&) = default;

 private:
  EnhancedCode(int klass, int subject, int detail);
  std::uint8_t class_;
  std::uint16_t subject_;
  std::uint16_t detail_;
};

/// Code and enhanced code together. The enhanced code is missing only in forms for the greeting and
/// HELO (RFC 2034 4).
struct ReplyForm {
  ReplyCode code;
  std::optional<EnhancedCode> enhanced;

  /// "550 5.7.1" or "554"; nullopt when either part is no code or their classes differ.
  static std::optional<ReplyForm> parse(std::string_view text);
  std::string text() const;
  friend bool operator==(const ReplyForm&, const ReplyForm&) = default;
};

/// What a reply says, in its parts, because a door that is short of space drops help, then contact,
/// then advice (semantics 24), never the sentence or the reference.
struct ReplyText {
  std::string
      host;  ///< our name, stands first: with 421 and in the greeting (RFC 5321 4.2.3, 4.3.1)
  std::string sentence;  ///< what happened, at most two sentences; the first has at most 100 octets
  std::string reference;  ///< "ref XXXX-XXXX-XXXX"; may be empty in the library only
  std::string advice;     ///< what the sender can do; may be empty
  std::string quote;      ///< other people's text, cleaned and introduced as theirs; may be empty
  std::string contact;    ///< whom to ask; may be empty
  std::string help;       ///< a URL, stands last; may be empty

  friend bool operator==(const ReplyText&, const ReplyText&) = default;
};

class Reply {
 public:
  /// The one door. Refused, with every fault named: a code that the stage's list lacks
  /// (RFC 5321 4.3.2), first digit other than 4 or 5, an enhanced code of another class
  /// (RFC 2034 4) or missing where it is required, text that is empty, not printable ASCII, holds a
  /// ';' or, outside help, a ':', a first sentence over 100 octets, a host, sentence and reference
  /// that do not end within 200, a missing host where the standards want it first, and parts too
  /// long for a reply line.
  static Result<Reply> make(ReplyStage stage, ReplyForm form, ReplyText text);

  ReplyStage stage() const noexcept { return stage_; }
  const ReplyForm& form() const noexcept { return form_; }
  ReplyCode code() const noexcept { return form_.code; }
  const std::optional<EnhancedCode>& enhanced() const noexcept { return form_.enhanced; }
  const ReplyText& text() const noexcept { return text_; }
  bool is_permanent() const noexcept { return form_.code.first_digit() == 5; }

  friend bool operator==(const Reply&, const Reply&) = default;

 private:
  Reply(ReplyStage stage, ReplyForm form, ReplyText text);
  ReplyStage stage_;
  ReplyForm form_;
  ReplyText text_;
};

}  // namespace postern
