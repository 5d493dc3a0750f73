// Work done in the name of another user, in a child process. Only root can do it.
#pragma once

#include "runtime/privileges.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace postern {

/// Forks, becomes `user` for good in the child, calls `work` there and returns its text. nullopt
/// when there was no child, it could not change, `work` threw, or `limit` passed; the child has
/// ended in any case. Call from a process with a single thread, because the child goes on with a
/// copy of the caller's memory.
std::optional<std::string> as_user(const UserIdentity& user, std::chrono::milliseconds limit,
                                   const std::function<std::string()>& work);

}  // namespace postern
