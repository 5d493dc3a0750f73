#include "journal/address_eraser.h"

#include "journal/address_in_text.h"
#include "journal/json_strings.h"
#include "journal/record.h"
#include "model/text.h"

#include <algorithm>
#include <array>

namespace postern {
namespace {

/// A reply that would become too long for one makes the record unreadable; the next one is tried.
constexpr std::array<std::string_view, 3> markers{erased_address, "~@invalid", "~"};

bool holds_folded(std::string_view text, std::string_view wanted) {
  const auto same = [](char a, char b) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return small(a) == b;
  };
  return std::search(text.begin(), text.end(), wanted.begin(), wanted.end(), same) != text.end();
}

/// Where a whole value may be the name of somebody.
bool may_be_name(const JsonPlace& place) {
  const auto member = place.member();
  return member == "user" || member == "key" || member == "value" || member == "values" ||
         (place.key(0) == "transaction" && place.key(1) == "macros");
}

}  // namespace

std::optional<AddressEraser> AddressEraser::parse(std::string_view text, const AddressMask& mask) {
  if (text.empty() || text.find_first_of(" \t\r\n<>") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto at = text.rfind('@');
  if (at == 0 || at == text.size() - 1) return std::nullopt;
  AddressEraser eraser(at == std::string_view::npos ? MailAddress::from_unquoted(text)
                                                    : MailAddress::from_envelope(text));
  const auto& address = eraser.address_;
  if (address.local().empty()) return std::nullopt;
  if (at != std::string_view::npos && address.domain().empty()) return std::nullopt;
  eraser.spellings_.push_back(address);
  if (mask.form() == AddressForm::hashed) {
    auto hidden = mask.local(address.local());
    if (!address.domain().empty()) hidden += '@' + address.domain();
    eraser.spellings_.push_back(MailAddress::from_unquoted(hidden));
  }
  return eraser;
}

bool AddressEraser::edit(std::string& line) const {
  const bool near = std::any_of(spellings_.begin(), spellings_.end(), [&](const auto& each) {
    return holds_folded(line, lower(each.domain().empty() ? each.local() : each.domain()));
  });
  if (!near) return false;
  std::string edited;
  bool readable = false;
  for (const auto marker : markers) {
    edited = line;
    if (!replace(edited, marker)) return false;
    if (edited.empty() || record_from_json(edited)) break;
    if (!readable && !record_from_json(line)) break;
    readable = true;
  }
  line = std::move(edited);
  return true;
}

bool AddressEraser::replace(std::string& line, std::string_view marker) const {
  bool found = false;
  std::string out;
  const bool whole = edit_json_strings(
      line,
      [&](const JsonPlace& place, std::string_view escaped) -> std::optional<std::string> {
        auto text = octets_from_escaped(escaped);
        bool changed = false;
        for (const auto& each : spellings_) {
          if (!each.domain().empty()) {
            changed = replace_address(text, each, marker) || changed;
          } else if (may_be_name(place) && lower(text) == lower(each.local())) {
            text = std::string(hidden_local);
            changed = true;
          }
        }
        if (!changed) return std::nullopt;
        found = true;
        return text;
      },
      out);
  if (whole) {
    if (found) line = std::move(out);
    return found;
  }
  // Half a record is of use to nobody.
  const bool torn = std::any_of(spellings_.begin(), spellings_.end(), [&](const auto& each) {
    return holds_folded(line, lower(each.text()));
  });
  if (torn) line.clear();
  return torn;
}

}  // namespace postern
