// Authentication-Results of strangers: whatever they hold, a field that begins with our name is
// ours to remove; and what we write ourselves is read as ours, with nothing in it from outside that
// ends a result.
#include "checks/authserv_id.h"
#include "checks/field_text.h"
#include "checks/login_result.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace postern;

void require(bool good) {
  if (!good) std::abort();
}

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// Semicolons that end a result: none in quotes or comments.
std::size_t ends_of_results(const std::string& text) {
  std::size_t count = 0;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((quoted || depth > 0) && c == '\\') {
      ++i;
    } else if (depth == 0 && c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == '(') {
      ++depth;
    } else if (!quoted && depth > 0 && c == ')') {
      --depth;
    } else if (!quoted && depth == 0 && c == ';') {
      ++count;
    }
  }
  require(!quoted && depth == 0);
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> ours{"mx1.example.org"};
  static_cast<void>(is_forged(results_claim(value), ours));
  // What stands behind our name and its end hides nothing.
  require(is_forged(results_claim("(x)\r\n\t\"MX1.example.org\" ;" + std::string(value)), ours));

  const auto split = value.size() / 2;
  Transaction transaction;
  transaction.authentication = {std::string(value.substr(0, split)),
                                std::string(value.substr(split))};
  const auto login = LoginResult().field_text(FieldForm::authentication_results, transaction, {});
  for (const auto& text : {login.text, field_value(value), field_comment(value),
                           mailbox_value(value.substr(0, split), value.substr(split))}) {
    require(is_printable(text) && ends_of_results(text) == 0);
    require(is_forged(results_claim("mx1.example.org; " + text), ours));
  }
  return 0;
}
