// JsonObject: one object of a journal line, read without trusting it. Private to the reading of
// records; the only header that shows the JSON library.
#pragma once

#include "journal/json_writer.h"

#include <cstdint>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

/// A view into the parser's document: cheap to copy, good until the next line is parsed.
using JsonValue = simdjson::dom::element;

/// Remembers the first fault. Readers go on with defaults and need no early exits; the record is
/// dropped as a whole in the end.
class Faults {
 public:
  void add(std::string_view member, std::string_view what) {
    if (first_.empty()) first_ = std::string(member) + ": " + std::string(what);
  }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
};

/// A missing member, or a missing object, reads as the default.
class JsonObject {
 public:
  JsonObject(std::optional<JsonValue> value, std::string_view name, Faults& faults)
      : faults_(faults) {
    if (!value) return;
    simdjson::dom::object object;
    if (value->get(object) == simdjson::SUCCESS) {
      object_ = object;
    } else {
      faults.add(name, "is no object");
    }
  }

  std::optional<JsonValue> find(const char* name) const {
    JsonValue found;
    if (!object_ || object_->at_key(name).get(found) != simdjson::SUCCESS) return std::nullopt;
    return found;
  }
  bool has(const char* name) const { return find(name).has_value(); }
  JsonObject object(const char* name) const { return {find(name), name, faults_}; }
  /// Calls `each` with the name and value of all members.
  template <typename Each>
  void members(Each each) const {
    if (!object_) return;
    for (const auto member : *object_) each(octets_from_json(member.key), member.value);
  }

  std::string text(const char* name) const {
    const auto value = find(name);
    return value ? as_text(*value, name) : std::string();
  }
  std::string as_text(const JsonValue& value, const char* name) const {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return octets_from_json(text);
    faults_.add(name, "is no string");
    return {};
  }

  template <typename Number>
  Number number(const char* name) const {
    const auto value = find(name);
    return value ? as_number<Number>(*value, name) : Number{};
  }
  template <typename Number>
  Number as_number(const JsonValue& value, const char* name) const {
    // A number that fits both reads as either.
    std::int64_t whole = 0;
    std::uint64_t natural = 0;
    if (value.get(whole) == simdjson::SUCCESS) {
      if (std::in_range<Number>(whole)) return static_cast<Number>(whole);
    } else if (value.get(natural) == simdjson::SUCCESS) {
      if (std::in_range<Number>(natural)) return static_cast<Number>(natural);
    }
    faults_.add(name, "is no whole number in range");
    return {};
  }

  bool flag(const char* name) const {
    const auto value = find(name);
    bool flag = false;
    if (value && value->get(flag) != simdjson::SUCCESS) {
      faults_.add(name, "is neither true nor false");
    }
    return flag;
  }

  /// `parse` turns the text into an optional<T>; a member that must be there or is not understood
  /// is a fault.
  template <typename T, typename Parse>
  T word(const char* name, T otherwise, Parse parse) const {
    const auto value = find(name);
    if (!value) {
      faults_.add(name, "is missing");
      return otherwise;
    }
    const std::string text = as_text(*value, name);
    if (const auto parsed = parse(std::string_view(text))) return *parsed;
    faults_.add(name, "is not a word this version knows: \"" + text + '"');
    return otherwise;
  }

  /// Calls `each` for the elements of a list; a missing list is empty.
  template <typename Each>
  void list(const char* name, Each each) const {
    const auto value = find(name);
    if (!value) return;
    simdjson::dom::array array;
    if (value->get(array) != simdjson::SUCCESS) {
      faults_.add(name, "is no list");
      return;
    }
    for (const JsonValue element : array) each(element);
  }

  Faults& faults() const { return faults_; }

 private:
  std::optional<simdjson::dom::object> object_;
  Faults& faults_;
};

}  // namespace postern
