#include "postern/transaction.h"

#include <array>

namespace postern {
namespace {

constexpr std::array<std::string_view, stage_count> stages{
    "connect", "helo", "mail", "rcpt", "data", "end-of-headers", "end-of-message"};
constexpr std::array<std::string_view, 3> doors{"milter", "policy", "library"};
constexpr std::array<std::string_view, 3> woulds{"accept", "defer", "reject"};

}  // namespace

std::string_view to_text(Stage stage) noexcept { return stages[static_cast<std::size_t>(stage)]; }

std::optional<Stage> stage_from_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i] == text) return static_cast<Stage>(i);
  }
  return std::nullopt;
}

std::string_view to_text(Door door) noexcept { return doors[static_cast<std::size_t>(door)]; }

std::optional<Door> door_from_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < doors.size(); ++i) {
    if (doors[i] == text) return static_cast<Door>(i);
  }
  return std::nullopt;
}

std::string_view to_text(HeldBack::Would would) noexcept {
  return woulds[static_cast<std::size_t>(would)];
}

std::optional<HeldBack::Would> would_from_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < woulds.size(); ++i) {
    if (woulds[i] == text) return static_cast<HeldBack::Would>(i);
  }
  return std::nullopt;
}

}  // namespace postern
