// An independent judge of the bytes of an SMTP reply. It knows the grammar of the RFCs and nothing
// of the code under test: no header of the library is included, and the lists are typed in again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::test {

/// The faults of a whole reply with its CRLFs, sorted, each once. Empty: the reply is correct.
///   bad-code, bare-code            RFC 5321 4.2
///   bad-continuation, codes-differ RFC 5321 4.2.1
///   line-too-long                  RFC 5321 4.5.3.1.5
///   bare-cr-or-lf, no-line-end     RFC 5321 2.3.8
///   nul, not-printable-ascii       RFC 5321 4.2 (textstring)
///   no-enhanced, enhanced-differ, class-mismatch  RFC 2034 4
///   enhanced-leading-zero          RFC 3463 2
///   code-not-at-stage              RFC 5321 4.3.2 and extensions; only where a stage is given
/// `stage` is CONNECT, HELO, AUTH, STARTTLS, MAIL, RCPT, DATA, EOM, or empty.
std::vector<std::string> reply_faults(std::string_view raw, std::string_view stage = {});

}  // namespace postern::test
