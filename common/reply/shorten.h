// Shortening of a reply's sentence to the room that a door's MTA leaves on a line. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern {

/// `sentence`, or what is left of it in `room` octets. First the second sentence goes; then the
/// longest word, which is the address or name the sentence speaks of, loses its middle; then words
/// go from the end. Never less than the words that fit in `shortest_sentence` octets, so the result
/// may be longer than a smaller `room`.
std::string shortened_sentence(std::string_view sentence, std::size_t room);

}  // namespace postern
