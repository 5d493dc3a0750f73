// The host names of a client as rules know them (semantics 16): what the mail server told; where it
// did not, what DNS says. Pure, as checks/spf.h is.
#pragma once

#include "postern/facts.h"
#include "postern/transaction.h"

#include <cstdint>
#include <string>
#include <vector>

namespace postern {

struct ClientName {
  enum class State : std::uint8_t {
    found,
    none,         ///< it has no such name
    open,         ///< answers are missing
    unavailable,  ///< it cannot be learned
  };
  State state = State::none;
  std::string name;                 ///< when found: lower case, without a final dot
  std::vector<Question> questions;  ///< when open: kind `reverse_dns`
  std::string cause;                ///< when unavailable, for people
};

/// The name that leads back to the client's address: the first of its names that does (iprev).
/// Unavailable where DNS does not answer about one that stands before it.
ClientName confirmed_client_name(const Transaction& transaction, const Facts& facts);
/// The first name that reverse DNS gives, whether or not it leads back.
ClientName reverse_client_name(const Transaction& transaction, const Facts& facts);

}  // namespace postern
