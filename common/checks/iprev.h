// iprev: has the client a name of its own, which leads back to it (RFC 8601 2.7.3, 3)? Pure, as
// checks/spf.h is: answers come in as facts, what is missing goes out as questions.
#pragma once

#include "postern/address.h"
#include "postern/facts.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

enum class IprevResult : std::uint8_t {
  pass,
  fail,       ///< it has names, and none leads back
  permerror,  ///< it has no name
  temperror,
};
/// "pass", "fail", "permerror", "temperror".
std::string_view to_text(IprevResult result) noexcept;

struct IprevOutcome {
  enum class State : std::uint8_t { open, done };
  State state = State::done;
  std::vector<Question> questions;  ///< when open: kind `reverse_dns`
  // When done.
  IprevResult result = IprevResult::permerror;
  std::string name;                ///< of a pass: the first that is seen to lead back
  std::vector<std::string> names;  ///< those that were looked at, in normal spelling
  std::string cause;               ///< of trouble with any of them
  /// Of a pass: whether a name before it could not be looked at, which may lead back as well.
  enum class Rank : std::uint8_t { first, perhaps_second } rank = Rank::first;
};

/// Names that are looked at; RFC 7208 5.5 has the same bound.
constexpr std::size_t most_client_names = 10;

/// What has to be asked first: the names of an address.
Question pointer_question(const IpAddress& client);
/// The usable names of its answer in normal spelling, each once, at most `most_client_names`.
std::vector<std::string> client_names(const Answer& pointers);

/// The first name that leads back counts, so all before it have to be known: the outcome does not
/// depend on the order in which answers come.
IprevOutcome iprev(const IpAddress& client,
                   const std::function<const Answer*(const Question&)>& lookup);

}  // namespace postern
