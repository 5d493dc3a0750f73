#include "cli/asked_text.h"

#include "model/reference_in_text.h"
#include "model/text.h"

#include <algorithm>

namespace postern::cli {
namespace {

std::string_view without(std::string_view text, std::string_view before, std::string_view behind) {
  const auto begin = text.find_first_not_of(before);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(behind) + 1 - begin);
}

/// Plainly a domain, and no instance of Postfix ("437b.6b009e9b.c35ad.0"), whose four parts are
/// digits and letters up to f.
bool is_domain(std::string_view word) {
  const auto dot = word.rfind('.');
  if (dot == word.npos || dot == 0 || word.size() - dot < 3) return false;
  const auto last = word.substr(dot + 1);
  const bool letters = std::all_of(last.begin(), last.end(),
                                   [](char c) { return is_letter_or_digit(c) && !is_digit(c); });
  if ((!letters && !last.starts_with("xn--")) || last.size() < 2) return false;
  if (word.find_first_not_of("0123456789abcdef.") == word.npos) return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
  });
}

}  // namespace

AskedText asked_by(std::string_view text) {
  AskedText asked;
  asked.text = without(text, " \t\r\n", " \t\r\n,;");
  asked.query = query_from_text(asked.text);
  if (std::holds_alternative<ByReference>(asked.query) || looks_like_reference(asked.text)) {
    return asked;
  }
  const auto bare = without(asked.text, "[<", "]>,;");
  // Before a colon is taken away: it may be the end of an IPv6 address.
  for (const auto& word : {bare, without(bare, "", "]>:")}) {
    asked.client = Network::parse(word);
    if (!asked.client) continue;
    asked.text = word;
    return asked;
  }
  if (bare.find('@') != bare.npos) {
    asked.address = AddressFilter::parse(without(bare, "", ":>"));
    if (asked.address) {
      asked.text = without(bare, "", ":>");
      return asked;
    }
  }
  if (is_domain(bare)) {
    asked.address = AddressFilter::parse(bare);
    if (asked.address) {
      asked.text = bare;
      return asked;
    }
  }
  asked.text = without(asked.text, "", ":");
  asked.query = query_from_text(asked.text);
  return asked;
}

std::vector<RecordFilter> filters_for(const AskedText& asked, const RecordFilter& filter) {
  std::vector<RecordFilter> filters;
  const auto add = [&](auto RecordFilter::*member, const auto& value) {
    // What an option says as well narrows the search; two of a kind cannot both be looked for.
    if (!value || filter.*member) return;
    filters.push_back(filter);
    filters.back().*member = value;
  };
  add(&RecordFilter::client, asked.client);
  add(&RecordFilter::sender, asked.address);
  add(&RecordFilter::recipient, asked.address);
  return filters;
}

}  // namespace postern::cli
