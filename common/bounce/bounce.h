// Bounce: what a mail says that tells of another one that could not be delivered. Pure.
#pragma once

#include "bounce/mail_parts.h"
#include "postern/reference.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postern {

/// What became of one recipient. Texts are UTF-8 as they stood there, not cleaned; empty: not said.
struct BouncedRecipient {
  std::string address;          ///< RFC 3464 2.3.2, or as the text names it
  std::string original;         ///< as the sender wrote it (2.3.1), where it differs
  std::string action;           ///< "failed", "delayed", "delivered", "relayed", "expanded" (2.3.3)
  std::string status;           ///< the field, "5.1.1" (2.3.4)
  std::string diagnostic_type;  ///< "smtp", "x-unix" (2.3.6)
  std::string diagnostic;       ///< what the other server said
  std::string remote_mta;       ///< which one that was (2.3.5)
  /// The reply in a form that `postern codes` understands: "550 5.1.1 No such user"; of the text
  /// for people where the report has none. Empty: nobody tells one.
  std::string reply;
  std::optional<int> code;  ///< of the reply, 400 to 599, or 2xx of a delivery
  std::string enhanced;     ///< of the reply where it has one that says more, else the status
  std::optional<Reference> reference;  ///< ours

  friend bool operator==(const BouncedRecipient&, const BouncedRecipient&) = default;
};

struct Bounce {
  enum class Kind : std::uint8_t {
    none,       ///< no bounce; `why` says what it is instead
    report,     ///< RFC 3464 (or 6533): fields for programs
    text,       ///< text for people alone, from which the recipients were guessed
    complaint,  ///< RFC 5965: a reader has called a delivered mail spam, or the like
    reply,      ///< no mail: a reply of a mail server, or a text that has one
  };
  Kind kind = Kind::none;
  std::string why;  ///< of none: "an automatic answer", "a mail like any other"; else empty
  std::string reporting_mta;  ///< RFC 3464 2.2.2; of a complaint, what has made the report
  std::string arrival;        ///< when the mail came to it (2.2.5), as it stood there
  std::string feedback_type;  ///< of a complaint: "abuse", "fraud", ...
  std::string subject;        ///< of the mail that did not get through; empty: not returned
  std::string message_id;     ///< of the same
  std::vector<BouncedRecipient> recipients;
  std::vector<Reference> references;  ///< every one of ours in it, each once
  /// What stands where a reference of ours does, and is none: a character was misread or mistyped.
  std::vector<std::string> mistyped;
  bool cut = false;  ///< not all of the mail was looked at
};

/// Recipients of one bounce that are told; a report may name thousands. `cut` says if there were
/// more.
inline constexpr std::size_t most_bounced_recipients = 1'000;

/// Finds the report, also in a mail that carries the bounce as an attachment. Where the mail has
/// none, the recipients and the reply are looked for in its text, as far as that can be done
/// honestly: an address counts only where it stands as one that failed. Never throws except for
/// lack of memory.
Bounce read_bounce(const MailParts& mail);

}  // namespace postern
