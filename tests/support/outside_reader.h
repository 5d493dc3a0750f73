// OutsideReader: how list managers read what we send. A reply is put into a delivery report as
// Postfix or sendmail would return it, and the report is read back as a bounce classifier does that
// is in wide use. Its table holds facts that Sisimai publishes (version 5.1, github.com/sisimai):
// which enhanced codes and which words lead to which reason, and in which order it looks. Of its
// words only those stand here that our texts mean to say, and those that such texts might say
// without meaning it. Functions without state.
#pragma once

#include "postern/reply.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::test {

/// What came back to a sending server: the reply's lines as it saw them, and to which command.
struct Refused {
  std::vector<std::string> lines;
  ReplyStage stage = ReplyStage::rcpt;
  std::string recipient = "bob@example.org";
};

/// A delivery report with the two parts that are read: text for people, and fields (RFC 3464).
std::string report_of_postfix(const Refused& refused);
std::string report_of_sendmail(const Refused& refused);

/// "userunknown", "blocked", ...; "onhold" where it can tell nothing.
std::string read_by_outsider(std::string_view report);

}  // namespace postern::test
