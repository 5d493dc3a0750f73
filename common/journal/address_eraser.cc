#include "journal/address_eraser.h"

#include "journal/address_in_text.h"
#include "journal/json_strings.h"
#include "journal/json_writer.h"
#include "journal/personal_names.h"
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

/// As it stands in a line.
std::string escaped(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json.substr(1, json.size() - 2);
}

/// Where a whole value may be the name of somebody.
bool may_be_name(const JsonPlace& place) {
  const auto member = place.member();
  return member == "user" || member == "key" || member == "value" || member == "values" ||
         (place.key(0) == "transaction" && place.key(1) == "macros");
}

}  // namespace

std::optional<AddressEraser> AddressEraser::parse(std::string_view text, const AddressMask& mask) {
  // As mails and logs have it.
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  const bool in_quotes = text.starts_with('"');
  if (text.empty() ||
      text.find_first_of(in_quotes ? "\r\n<>" : " \t\r\n<>") != std::string_view::npos) {
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
  eraser.has_key_ = mask.form() == AddressForm::hashed;
  if (eraser.has_key_) {
    auto hidden = mask.local(address.local());
    if (!address.domain().empty()) hidden += '@' + address.domain();
    eraser.spellings_.push_back(MailAddress::from_unquoted(hidden));
  }
  return eraser;
}

bool AddressEraser::edit(std::string& line) const {
  const bool near = std::any_of(spellings_.begin(), spellings_.end(), [&](const auto& each) {
    return holds_folded(line, escaped(lower(each.domain().empty() ? each.local() : each.domain())));
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

bool AddressEraser::may_be_hidden_in(std::string_view line) const {
  if (has_key_) return false;
  const auto behind = address_.domain().empty() ? std::string() : '@' + lower(address_.domain());
  constexpr auto length = hidden_local.size() + hash_digits;
  for (auto at = line.find(hidden_local); at != std::string_view::npos;
       at = line.find(hidden_local, at + 1)) {
    const auto text = line.substr(at, length);
    if (text.size() == length && is_hidden_local(text) &&
        (behind.empty() || holds_folded(line.substr(at + length, behind.size()), behind))) {
      return true;
    }
  }
  return false;
}

/// What stands in the line as a whole, with its domain or as a name: whether the record is of
/// somebody who is to be erased.
bool AddressEraser::replace_whole(const JsonPlace& place, std::string& text,
                                  std::string_view marker) const {
  bool changed = false;
  for (const auto& each : spellings_) {
    if (!each.domain().empty()) {
      changed = replace_address(text, each, marker) || changed;
    } else if (may_be_name(place) && lower(text) == lower(each.local())) {
      text = std::string(hidden_local);
      changed = true;
    }
  }
  return changed;
}

bool AddressEraser::replace(std::string& line, std::string_view marker) const {
  bool found = false;
  PersonalNames names;
  std::string user;
  std::string out;
  const auto look = [&](const JsonPlace& place,
                        std::string_view escaped) -> std::optional<std::string> {
    auto text = octets_from_escaped(escaped);
    if (text.find("%{") != std::string::npos) names.add_macros(text);
    if (place.key(1) == "authentication" && place.member() == "user") user = lower(text);
    found = replace_whole(place, text, marker) || found;
    return std::nullopt;
  };
  if (!edit_json_strings(line, look, out)) {
    // Half a record is of use to nobody.
    const bool torn = std::any_of(spellings_.begin(), spellings_.end(), [&](const auto& each) {
      return holds_folded(line, lower(each.text()));
    });
    if (torn) line.clear();
    return torn;
  }
  if (!found) return false;
  for (const auto& each : spellings_) {
    const bool is_login = each.domain().empty();
    const bool alone = is_login || lower(each.local()) == user;
    names.add(each.local(), each.domain(), is_login ? hidden_local : erased_local,
              alone ? PersonalNames::Stands::alone : PersonalNames::Stands::with_its_domain);
  }
  names.prepare();
  out.clear();
  edit_json_strings(
      line,
      [&](const JsonPlace& place, std::string_view escaped) -> std::optional<std::string> {
        auto text = octets_from_escaped(escaped);
        bool changed = replace_whole(place, text, marker);
        if (is_given_by_administrators(place)) {
          names.pass(place, text);
        } else {
          changed = names.edit(place, text) || changed;
        }
        return changed ? std::optional(std::move(text)) : std::nullopt;
      },
      out);
  line = std::move(out);
  return true;
}

}  // namespace postern
