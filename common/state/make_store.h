// A store from what a policy says of it. Functions without state; any thread.
#pragma once

#include "state/store.h"
#include "system/clock.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace postern {

/// What is wrong with the place of a store, in a sentence's end; empty: nothing. Reads nothing.
std::string fault_of_store(std::string_view place);

/// `place`: "embedded:FOLDER" or what redis_settings_from_url() takes. nullptr: fault_of_store()
/// says why. The clock lives longer; `say` is told of trouble, from any thread.
std::unique_ptr<StateStore> make_store(std::string_view place, const Clock& clock,
                                       std::function<void(const std::string&)> say);

}  // namespace postern
