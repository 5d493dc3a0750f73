// The registries of SMTP reply codes as data: basic codes (RFC 5321 and extensions), enhanced codes
// (IANA, RFC 3463 and after), and which codes the standards allow at which stage. Constant tables;
// rows live as long as the program; safe from any thread.
#pragma once

#include "postern/reply.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace postern {

/// A basic reply code that an RFC or the IANA registry gives a meaning.
struct BasicCode {
  int code = 0;
  std::string_view meaning;     ///< one sentence, without final stop
  std::string_view reference;   ///< "RFC 5321 4.2.3"
  ReplyStages stages;           ///< where its defining text lets a server give it
  std::string_view note;        ///< caveats and common mistakes; may be empty
  std::string_view who_acts;    ///< who can put it right
  std::string_view what_to_do;  ///< and how; one or two sentences
};

/// What the defining text says about the class digit of an enhanced code.
enum class ClassRule : std::uint8_t {
  either,            ///< no restriction stated
  permanent_only,    ///< "useful only as a permanent error"
  transient_only,    ///< "useful only as a persistent transient error"
  permanent_should,  ///< "should be used as a permanent error"
  transient_should,  ///< "should be used as a persistent transient error"
  success,           ///< positive replies only
};

/// A row X.subject.detail of the IANA registry of enumerated status codes.
struct EnhancedEntry {
  int subject = 0;
  int detail = 0;
  std::string_view name;       ///< as the registry has it
  std::string_view reference;  ///< "RFC 3463"
  ClassRule class_rule = ClassRule::either;
  /// Basic codes that the registry lists beside it, 0-terminated; 2, 4 and 5 stand for every code
  /// of that class. Advice, not a limit: most pairs in use are not listed.
  std::array<int, 16> basic_codes{};
  std::string_view meaning;     ///< one or two sentences
  std::string_view who_acts;    ///< who can put it right
  std::string_view what_to_do;  ///< and how; one or two sentences
};

/// Ascending by code.
std::span<const BasicCode> basic_codes() noexcept;
/// nullptr when no RFC or registry knows the code.
const BasicCode* find_basic(int code) noexcept;

/// Ascending by subject, then detail.
std::span<const EnhancedEntry> enhanced_codes() noexcept;
/// nullptr when X.subject.detail is not registered.
const EnhancedEntry* find_enhanced(int subject, int detail) noexcept;
/// True if the registry lists `code` beside the entry.
bool registry_pairs(const EnhancedEntry& entry, int code) noexcept;

/// Negative codes (4yz, 5yz) that may answer at `stage` (RFC 5321 4.3.2 and the extensions). 421,
/// 500 and 501 are allowed after any command; the greeting answers no command and has 421, 521,
/// 554.
bool code_allowed_at(ReplyStage stage, int code) noexcept;
/// Positive codes (2yz, 3yz) that may answer at `stage`.
bool code_positive_at(ReplyStage stage, int code) noexcept;

}  // namespace postern
