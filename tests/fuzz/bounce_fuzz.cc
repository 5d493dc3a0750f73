// Whatever mail somebody pastes, it is read to an end and told of in printable ASCII; and what
// comes through the pipe between the two programs is read back as it was, or not at all.
#include "bounce/bounce.h"
#include "bounce/read_mail.h"
#include "journal/explain_bounce.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  postern::looks_like_mail(octets);
  postern::mail_parts_from(octets);
  const auto mail = postern::read_mail(octets);
  if (postern::mail_parts_from(postern::encode(mail)) != mail) std::abort();
  const auto bounce = postern::read_bounce(mail);
  if (bounce.recipients.size() > postern::most_bounced_recipients) std::abort();
  for (const auto voice :
       {postern::Voice::help_desk, postern::Voice::admin, postern::Voice::sender}) {
    postern::ExplainOptions options;
    options.voice = voice;
    for (const char c : postern::explain_bounce(bounce, options)) {
      if (c != '\n' && (c < ' ' || c > '~')) std::abort();
    }
  }
  postern::ExplainOptions options;
  options.format = postern::ExplainFormat::json;
  if (postern::explain_bounce(bounce, options).find('\n') + 1 !=
      postern::explain_bounce(bounce, options).size()) {
    std::abort();
  }
  return 0;
}
