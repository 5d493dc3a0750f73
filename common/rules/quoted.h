// Quotes around what a message cites: the one place where long citations are cut. Pure.
#pragma once

#include <string>
#include <string_view>

namespace postern {

/// In double quotes, with whatever octets it has: render() makes them fit for a terminal. Of more
/// than 100 octets the middle is left out, "like t...is": of names of files the end says more, of
/// all else the beginning. No character of UTF-8 is cut in two.
std::string quoted(std::string_view text);

}  // namespace postern
