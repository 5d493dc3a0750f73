// JsonWriter: appends one JSON value to a string, member by member. Mail is full of octets that are
// no UTF-8, and general JSON libraries throw at them, drop them or write invalid JSON; this one
// writes valid JSON from which the same octets come back. Not synchronised.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern {

/// Appends `octets` as a JSON string, quotes included. Valid UTF-8 stands as it is, except control
/// characters (U+0000 to U+001F, U+007F to U+009F), which are escaped so that a journal can be
/// shown on a terminal. Every other octet 0xNN, and every octet of a sequence that would decode to
/// U+10FE80 to U+10FEFF, is written as the private-use character U+10FENN ("\udbff\udeNN").
void append_json_string(std::string& out, std::string_view octets);

/// The octets behind the text of a parsed JSON string: undoes U+10FE80 to U+10FEFF. `text` is
/// UTF-8.
std::string octets_from_json(std::string_view text);

/// Members are separated as needed; the caller opens and closes in the right order. The value is
/// one object or array; it is in the string once its last bracket is closed.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// Begins a member of the open object.
  JsonWriter& key(std::string_view name);

  void string(std::string_view octets);
  void number(std::int64_t value);
  void boolean(bool value);
  void null();
  /// A value that is JSON already.
  void raw(std::string_view json);

  void member(std::string_view name, std::string_view octets) { key(name).string(octets); }
  /// Nothing when empty: a missing member means the empty text.
  void member_unless_empty(std::string_view name, std::string_view octets) {
    if (!octets.empty()) member(name, octets);
  }
  void member(std::string_view name, std::int64_t value) { key(name).number(value); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void quote(std::string_view octets);
  void put(char c);
  void put(std::string_view octets);
  void hand_over();

  std::string& out_;
  // A record has some hundreds of short texts, which a string would take several times as long to
  // gather as this does. Larger than most texts.
  std::array<char, 2048> room_;
  std::size_t used_ = 0;
  unsigned depth_ = 0;
  bool comma_ = false;  // the next value or key needs one before it
};

}  // namespace postern
