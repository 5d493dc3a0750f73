// How much memory a record takes, roughly: so that a queue of them has a bound in octets too. One
// record may hold a message to thousands of recipients.
#pragma once

#include "journal/record.h"

#include <cstddef>

namespace postern {

/// Octets; of a compact record about a sixth more than it takes (bench/journal_thread.cc). Quick,
/// for the thread that decides.
std::size_t weight_of(const Record& record) noexcept;

}  // namespace postern
