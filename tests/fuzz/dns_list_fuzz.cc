// Lists in DNS: whatever they answer, it is a listing only if each of its addresses is a code; and
// whatever is looked up, the page about it has an address.
#include "checks/list_check.h"
#include "model/dns_name.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace postern;

void require(bool good) {
  if (!good) std::abort();
}

bool is_code(const std::string& text) {
  const auto address = IpAddress::parse(text);
  if (!address || address->family() != IpAddress::Family::v4) return false;
  const auto& octets = address->bytes();
  if (octets[0] != 127 || (octets[1] == 255 && octets[2] == 255)) return false;
  return octets[1] != 0 || octets[2] != 0 || octets[3] >= 2;
}

std::string_view line_of(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ListSettings settings;
  settings.zone = "list.example";
  settings.subject = ListSubject::sender_domain;
  settings.lookup = "https://list.example/q/{value}";
  if (auto codes = dns_list_codes(line_of(text), "found")) settings.codes = {std::move(*codes)};
  const ListCheck list("list", settings);

  Transaction transaction;
  transaction.stage = Stage::rcpt;
  transaction.client.address = IpAddress::parse("192.0.2.1");
  transaction.sender = MailAddress::from_unquoted("a@" + std::string(line_of(text)));
  Facts facts;
  const auto asked = list.evaluate(transaction, facts);
  if (asked.state != CheckOutcome::State::open) {
    require(asked.values == std::vector<std::string>{"clear"});
    return 0;
  }
  require(asked.questions.size() == 1 &&
          dns_name(asked.questions.front().key) == asked.questions.front().key);

  std::vector<std::string> values;
  while (!text.empty()) values.emplace_back(line_of(text));
  if (values.empty()) return 0;
  const bool codes_only = std::all_of(values.begin(), values.end(), is_code);
  facts.add(asked.questions.front(), Answer::found(values));
  auto words_question = asked.questions.front();
  words_question.subject = "TXT";
  facts.add(words_question, Answer::found(values));
  const auto outcome = list.evaluate(transaction, facts);
  require((outcome.state == CheckOutcome::State::unavailable) == !codes_only);
  const bool listed =
      outcome.state == CheckOutcome::State::value && outcome.values.front() != "clear";
  const auto words = list.words(transaction, facts);
  require(words.empty() == !listed);
  for (const auto& [name, word] : words) {
    if (name != "see") continue;
    require(std::all_of(word.begin(), word.end(),
                        [](char c) { return c > ' ' && c <= '~' && c != ';' && c != '"'; }));
  }
  return 0;
}
