// explain_simulation(): the story of a decision that nobody has asked for, in the words of
// explain(). Pure.
#pragma once

#include "journal/record.h"

#include <string>
#include <vector>

namespace postern {

/// What one door would send.
struct SimulatedReply {
  std::string door;                 ///< "the milter", "Postfix's policy service"
  std::vector<std::string> answer;  ///< to the MTA, in lines
  std::vector<std::string> lines;   ///< the client's, without CRLF and the MTA's own prefix
};

/// One line: stage, of which recipient, what came of it and by which rule.
std::string simulation_line(const Record& record);

/// As explain() tells of a record, with what each door would send in place of what was sent.
/// Neither reference nor duration are told, because there are none.
std::string explain_simulation(const Record& record, const std::vector<SimulatedReply>& replies);

}  // namespace postern
