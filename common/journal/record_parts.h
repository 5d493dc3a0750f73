// The parts of a record as they are read, one function each. Faults go to the object's list.
#pragma once

#include "journal/json_object.h"
#include "journal/record.h"

namespace postern {

/// What a record says of a transaction besides reference, time, door and stage.
void read_transaction(const JsonObject& from, Transaction& transaction);
/// Of a decision or of an accepted recipient; nullopt: nothing was held back.
std::optional<HeldBack> read_held_back(const JsonObject& parent);

/// Where an answer or a piece of evidence came from.
AnswerSource read_source(const JsonObject& parent);
void read_decision(const JsonObject& from, Decision& decision);

}  // namespace postern
