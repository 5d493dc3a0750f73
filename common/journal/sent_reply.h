// What the client of a record saw: code and words as they were sent. Pure.
#pragma once

#include "journal/record.h"

#include <string>

namespace postern {

/// "550 5.7.1" or "421", as the client sees them, which may differ from the catalogue's; what was
/// decided, when it is not known what was sent. Empty: there was no reply.
std::string code_as_sent(const Record& record);
/// The words of all lines, without codes; empty when it is not known what was sent.
std::string text_as_sent(const Record& record);

}  // namespace postern
