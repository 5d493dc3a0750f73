#include "runtime/as_user.h"

#include "system/child_output.h"
#include "system/write_all.h"

namespace postern {
namespace {

constexpr std::size_t longest_text = 65'536;

}  // namespace

std::optional<std::string> as_user(const UserIdentity& user, std::chrono::milliseconds limit,
                                   const std::function<std::string()>& work) {
  const auto child = ChildOutput::start([&](int writing) {
    return become(user).empty() && write_all(writing, work()) ? 0 : ChildOutput::body_failed;
  });
  if (!child) return std::nullopt;
  auto result = child->collect(limit, longest_text);
  if (!result || result->status != 0) return std::nullopt;
  return std::move(result->text);
}

}  // namespace postern
