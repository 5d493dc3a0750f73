#include "cli/asked_text.h"

#include "model/reference_in_text.h"

namespace postern::cli {
namespace {

std::string_view without(std::string_view text, std::string_view before, std::string_view behind) {
  const auto begin = text.find_first_not_of(before);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(behind) + 1 - begin);
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
