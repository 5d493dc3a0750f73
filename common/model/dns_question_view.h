// DnsQuestionView: a DnsQuestion in somebody else's memory, to look it up without copying its name.
#pragma once

#include "model/dns_question.h"

#include <string_view>

namespace postern {

/// Lives no longer than the name it was made of.
struct DnsQuestionView {
  std::string_view name;
  DnsType type = DnsType::a;

  DnsQuestionView(std::string_view name_in, DnsType type_in) noexcept
      : name(name_in), type(type_in) {}
  DnsQuestionView(const DnsQuestion& question) noexcept
      : name(question.name), type(question.type) {}

  friend bool operator==(const DnsQuestionView&, const DnsQuestionView&) = default;
};

}  // namespace postern
