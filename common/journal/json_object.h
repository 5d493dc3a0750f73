// JsonObject: one object of a journal line, read without trusting it. Private to the reading of
// records; the only header that shows the JSON library.
#pragma once

#include "journal/json_writer.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace postern {

using Json = nlohmann::json;

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
  JsonObject(const Json* value, std::string_view name, Faults& faults) : faults_(faults) {
    if (value == nullptr) return;
    if (value->is_object()) {
      value_ = value;
    } else {
      faults.add(name, "is no object");
    }
  }

  const Json* find(const char* name) const {
    if (value_ == nullptr) return nullptr;
    const auto found = value_->find(name);
    return found == value_->end() ? nullptr : &*found;
  }
  JsonObject object(const char* name) const { return {find(name), name, faults_}; }

  std::string text(const char* name) const {
    const Json* value = find(name);
    return value == nullptr ? std::string() : as_text(*value, name);
  }
  std::string as_text(const Json& value, const char* name) const {
    const auto* text = value.get_ptr<const Json::string_t*>();
    if (text != nullptr) return octets_from_json(*text);
    faults_.add(name, "is no string");
    return {};
  }

  template <typename Number>
  Number number(const char* name) const {
    const Json* value = find(name);
    return value == nullptr ? Number{} : as_number<Number>(*value, name);
  }
  template <typename Number>
  Number as_number(const Json& value, const char* name) const {
    if (const auto* natural = value.get_ptr<const Json::number_unsigned_t*>()) {
      if (std::in_range<Number>(*natural)) return static_cast<Number>(*natural);
    } else if (const auto* whole = value.get_ptr<const Json::number_integer_t*>()) {
      if (std::in_range<Number>(*whole)) return static_cast<Number>(*whole);
    }
    faults_.add(name, "is no whole number in range");
    return {};
  }

  bool flag(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return false;
    if (const auto* flag = value->get_ptr<const Json::boolean_t*>()) return *flag;
    faults_.add(name, "is neither true nor false");
    return false;
  }

  /// `parse` turns the text into an optional<T>; a member that must be there or is not understood
  /// is a fault.
  template <typename T, typename Parse>
  T word(const char* name, T otherwise, Parse parse) const {
    const Json* value = find(name);
    if (value == nullptr) {
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
    const Json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_array()) {
      faults_.add(name, "is no list");
      return;
    }
    for (const auto& element : *value) each(element);
  }

  Faults& faults() const { return faults_; }

 private:
  const Json* value_ = nullptr;
  Faults& faults_;
};

}  // namespace postern
