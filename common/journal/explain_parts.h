// The parts of an explanation, in the order in which explain() tells them. Each writes nothing when
// the record has nothing to tell of it. Pure; for explain.cc alone.
#pragma once

#include "journal/page.h"
#include "journal/record.h"
#include "journal/trail_gaps.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern {

/// What happened, in one line: "ref XXXX-XXXX-XXXX: refused for good with 550 5.1.1".
std::string headline(const Record& record);
/// Good, bad, or not yet known.
Tone tone_of(const Record& record) noexcept;
/// The whole story for the help desk, and for the sender.
void tell_help_desk(Page& page, const Record& record, std::uint64_t repeats);
void tell_sender(Page& page, const Record& record);
/// What was found, in a few words without file and line: "table partners has 192.0.2.0/28".
std::string short_evidence(const Evidence& evidence);
/// Why a verdict was made milder, as a part of a sentence.
std::string why_softened(const Decision& decision);
/// What a rule does, in words: "refuse for good (rcpt-unknown)".
std::string action(const TrailEntry& entry);
/// Its entry in the trail; nullptr when it has none.
const TrailEntry* find_entry(const Decision& decision, std::string_view rule);
/// Who, what, when, through which door.
void tell_circumstances(Page& page, const Record& record);
/// Which rule decided, where it stands, and why; softening.
void tell_decision(Page& page, const Record& record);
/// Every rule and what it said, and which are missing.
void tell_trail(Page& page, const Record& record, const TrailGaps& gaps = {});
/// "192.0.2.7, 192.0.2.8", "nothing", "no answer (deadline)".
std::string answer_text(const Answer& answer);
/// " (cache, 12 seconds old)"; empty when nothing is known of it.
std::string source_text(const AnswerSource& source);
/// What else the MTA told: macros, the restriction list, our own address.
void tell_told_besides(Page& page, const Record& record);
/// Every answer of tables, stores and other servers but DNS, how old it was, and where it came
/// from.
void tell_asked(Page& page, const Record& record);
/// SPF as a tree of its steps, and every answer of DNS.
void tell_dns(Page& page, const Record& record);
/// The answer byte for byte, and what the client saw.
void tell_sent(Page& page, const Record& record);
/// What was done to the message besides, and what has become of it.
void tell_effects(Page& page, const Record& record, std::string_view heading);
/// What the sender and the administrator can do.
void tell_advice(Page& page, const Record& record);
/// Policy, program and host, for whoever wants to look it up or replay it.
void tell_origin(Page& page, const Record& record);

}  // namespace postern
