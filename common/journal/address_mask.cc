#include "journal/address_mask.h"

#include "journal/address_in_text.h"
#include "journal/json_strings.h"
#include "model/hmac.h"
#include "model/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace postern {
namespace {

constexpr std::string_view postmaster = "postmaster";

template <std::size_t size>
bool is_one_of(const std::array<std::string_view, size>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Names that an administrator gave, and words of the format.
constexpr std::array<std::string_view, 25> never_personal{
    "kind",     "ref",        "time",          "host",          "engine",  "policy", "door",
    "stage",    "verdict",    "reason",        "subject",       "name",    "rule",   "file",
    "digest",   "settled_by", "softened_by",   "scope",         "contact", "help",   "session",
    "instance", "queue_id",   "softened_from", "policy_context"};
/// Milter macros whose whole value is an address or the name of somebody.
constexpr std::array<std::string_view, 4> personal_macros{"auth_authen", "auth_author", "mail_addr",
                                                          "rcpt_addr"};

/// One line.
class Masking {
 public:
  Masking(const AddressMask& mask, std::string_view spared) : mask_(mask), spared_(lower(spared)) {}

  std::optional<std::string> edit(const JsonPlace& place, std::string_view escaped) {
    if (escaped.empty()) return std::nullopt;
    const auto member = place.member();
    if (is_whole_address(place)) return whole(octets_from_escaped(escaped), place);
    if (is_one_of(never_personal, member)) return std::nullopt;
    const bool may_hold = escaped.find('@') != std::string_view::npos;
    const bool may_be = names_.empty() ? false
                                       : member == "key" || member == "none" || member == "value" ||
                                             member == "values" || member == "mapped" ||
                                             place.key(1) == "macros";
    if (!may_hold && !may_be) return std::nullopt;
    auto text = octets_from_escaped(escaped);
    if (may_be) {
      for (const auto& [name, other] : names_) {
        if (lower(text) == name) return other;
      }
    }
    bool changed = false;
    for (const auto& [address, other] : addresses_) {
      changed = replace_address(text, address, other) || changed;
    }
    // Effects come from the policy: whom mail is redirected to is no news of this message.
    if (member != "effects" && place.key(1) != "effects") {
      changed =
          replace_locals(text, [this](std::string_view local,
                                      std::string_view domain) { return hidden(local, domain); }) ||
          changed;
    }
    return changed ? std::optional(std::move(text)) : std::nullopt;
  }

 private:
  /// What the mail server tells as an address or as a name, and nothing else.
  static bool is_whole_address(const JsonPlace& place) {
    if (place.key(0) != "transaction") return false;
    const auto member = place.key(1);
    if (member == "sender" || member == "recipient") return true;
    if (member == "recipients") return place.key(3) == "address" || place.member() == "local";
    if (member == "authentication") return place.key(2) == "user";
    return member == "macros" && is_one_of(personal_macros, place.key(2));
  }

  /// Remembers it for the rest of the record.
  std::optional<std::string> whole(const std::string& text, const JsonPlace& place) {
    // {"local": "..."} has no domain, whatever it holds.
    const auto at = place.member() == "local" ? std::string::npos : text.rfind('@');
    const auto local = std::string_view(text).substr(0, std::min(at, text.size()));
    auto other = mask_.local(local);
    if (at != std::string::npos && at + 1 < text.size()) {
      other += text.substr(at);
      const auto address = MailAddress::from_unquoted(text);
      if (other != text && !address.domain().empty()) addresses_.emplace_back(address, other);
    } else {
      other = mask_.local(text);
    }
    if (other == text) return std::nullopt;
    names_.emplace_back(lower(text), other);
    return other;
  }

  std::optional<std::string> hidden(std::string_view local, std::string_view domain) const {
    if (!spared_.empty() && lower(std::string(local) + '@' + std::string(domain)) == spared_) {
      return std::nullopt;
    }
    auto other = mask_.local(local);
    if (other == local) return std::nullopt;
    return other;
  }

  const AddressMask& mask_;
  std::string spared_;
  std::vector<std::pair<MailAddress, std::string>> addresses_;
  std::vector<std::pair<std::string, std::string>> names_;  // in small letters
};

}  // namespace

AddressMask AddressMask::cut() {
  AddressMask mask;
  mask.form_ = AddressForm::cut;
  return mask;
}

AddressMask AddressMask::hashed(std::string key) {
  AddressMask mask;
  mask.form_ = AddressForm::hashed;
  mask.key_ = std::move(key);
  return mask;
}

std::string AddressMask::local(std::string_view local) const {
  const auto folded = lower(local);
  if (!hides() || local.empty() || folded == postmaster || is_hidden_local(local)) {
    return std::string(local);
  }
  std::string text(hidden_local);
  if (form_ == AddressForm::hashed) text += hmac_sha256_hex(key_, folded).substr(0, hash_digits);
  return text;
}

bool AddressMask::apply(std::string& line, std::string_view spared) const {
  if (!hides()) return true;
  Masking masking(*this, spared);
  std::string out;
  out.reserve(line.size() + 64);
  const bool whole = edit_json_strings(
      line,
      [&masking](const JsonPlace& place, std::string_view escaped) {
        return masking.edit(place, escaped);
      },
      out);
  if (whole) line = std::move(out);
  return whole;
}

}  // namespace postern
