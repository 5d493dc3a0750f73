// Names: everything of a transaction that a condition may name, with type, stages, subject and
// meaning. The one list; the compiler, the evaluator and the documentation's test read it.
#pragma once

#include "postern/facts.h"
#include "postern/transaction.h"
#include "rules/condition.h"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern::expression {

enum class ValueType : std::uint8_t {
  boolean,
  number,
  size,       ///< octets
  text,       ///< case counts
  local,      ///< the part of a mail address before the @: case does not count
  domain,     ///< host and domain names: case and a final dot do not count
  address,    ///< mail address
  addresses,  ///< several mail addresses; a comparison holds if it holds for any of them
  ip,
  time_of_day,  ///< seconds since midnight, local
  date,         ///< days since 1970-01-01, local
  choice,       ///< one or more words of a closed set: stage, door, what checks return
  texts,        ///< several texts; a comparison holds if it holds for any of them
};
/// "a number", "a mail address", ...: for messages.
std::string_view to_text(ValueType type) noexcept;

enum class Name : std::uint8_t {
  client_ip,
  client_port,
  client_name,
  client_reverse_name,
  client_org_domain,
  client_authenticated,
  client_user,
  client_auth_method,
  server_ip,
  server_port,
  tls,
  tls_version,
  tls_cipher,
  tls_bits,
  helo,
  helo_org_domain,
  helo_extended,
  sender,
  sender_local,
  sender_domain,
  sender_org_domain,
  declared_size,
  recipient,
  recipient_local,
  recipient_domain,
  recipient_org_domain,
  recipients,
  recipient_count,
  size,
  queue_id,
  stage,
  door,
  time,
  weekday,
  date,
  macro,
  further,  ///< not of the list: see FurtherNames
};

/// A number's limits, for comparisons that can never be true.
inline constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

struct NameRow {
  Name id;
  std::string_view name;
  ValueType type;
  Stage earliest;     ///< from here on it is known
  Stage latest;       ///< and up to here
  Subjects subjects;  ///< what a condition that names it speaks of (semantics 2)
  QuestionKind kind;  ///< which temporary reply stands for it when the MTA does not tell
  std::int64_t most;  ///< the largest a number can be; the smallest is 0
  std::string_view meaning;
};

/// In the order of the documentation.
std::span<const NameRow> all_names() noexcept;
const NameRow* find_name(std::string_view name) noexcept;
const NameRow& row_of(Name name) noexcept;

/// True for names that documents use already, of checks, scores and content, and that this version
/// does not know: saying "unknown" of them would send people looking for a slip of the pen.
bool is_name_to_come(std::string_view name) noexcept;

/// Every word that stage, door and weekday can be; empty for other names.
const std::vector<std::string>& words_of(Name name);

/// Where the MTA first gives a macro: from connect on, unless its name says otherwise.
Stage earliest_of_macro(std::string_view macro) noexcept;
/// Up to where the MTA gives it. Those of a recipient are gone after RCPT: read later they would
/// seem empty, and a rule on what they are not would refuse everybody.
Stage latest_of_macro(std::string_view macro) noexcept;

}  // namespace postern::expression
