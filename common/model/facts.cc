#include "postern/facts.h"

#include <array>

namespace postern {
namespace {

constexpr std::array<std::string_view, 11> kinds{
    "table", "dns",      "spf",    "reverse-dns", "helo-dns",  "sender-dns",
    "store", "upstream", "sample", "geo",         "recipients"};

}  // namespace

std::string_view to_text(QuestionKind kind) noexcept {
  return kinds[static_cast<std::size_t>(kind)];
}

std::optional<QuestionKind> question_kind_from_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] == text) return static_cast<QuestionKind>(i);
  }
  return std::nullopt;
}

bool is_dns(QuestionKind kind) noexcept {
  switch (kind) {
    case QuestionKind::dns:
    case QuestionKind::spf:
    case QuestionKind::reverse_dns:
    case QuestionKind::helo_dns:
    case QuestionKind::sender_dns:
      return true;
    case QuestionKind::table:
    case QuestionKind::store:
    case QuestionKind::upstream:
    case QuestionKind::sample:
    case QuestionKind::geo:
    case QuestionKind::recipients:
      break;
  }
  return false;
}

}  // namespace postern
