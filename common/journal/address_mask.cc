#include "journal/address_mask.h"

#include "journal/address_in_text.h"
#include "journal/json_strings.h"
#include "journal/personal_names.h"
#include "journal/record.h"
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

/// Milter macros whose whole value is an address or the name of somebody.
constexpr std::array<std::string_view, 4> personal_macros{"auth_authen", "auth_author", "mail_addr",
                                                          "rcpt_addr"};

/// One line, gone through twice: what stands before a name in it may hold that name too.
class Masking {
 public:
  Masking(const AddressMask& mask, std::string_view spared) : mask_(mask), spared_(lower(spared)) {}

  void gather(const JsonPlace& place, std::string_view escaped) {
    if (place.key(0) == "facts") {
      if (escaped.find("%{") != std::string_view::npos) {
        names_.add_macros(octets_from_escaped(escaped));
      }
      return;
    }
    if (place.depth() == 1 && place.member() == "kind" && escaped == to_text(RecordKind::repeat)) {
      names_.add_common_macros();
    }
    if (!escaped.empty() && is_whole_address(place)) {
      remember(octets_from_escaped(escaped), place);
    }
  }
  void gathered() { names_.prepare(); }

  std::optional<std::string> edit(const JsonPlace& place, std::string_view escaped) {
    if (escaped.empty()) return std::nullopt;
    const auto member = place.member();
    if (is_whole_address(place)) return whole(octets_from_escaped(escaped), place);
    if (is_given_by_administrators(place)) {
      names_.pass(place, escaped);
      return std::nullopt;
    }
    // Either may stand there as an escape.
    const bool may_hold = escaped.find_first_of("@\\") != std::string_view::npos;
    if (!may_hold && names_.empty()) return std::nullopt;
    auto text = octets_from_escaped(escaped);
    bool changed = false;
    for (const auto& [address, other] : addresses_) {
      changed = replace_address(text, address, other) || changed;
    }
    changed = names_.edit(place, text) || changed;
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

  /// An empty domain: {"local": "..."} has none, whatever it holds, and a name has none either.
  static MailAddress read(const std::string& text, const JsonPlace& place) {
    const auto at = place.member() == "local" ? std::string::npos : text.rfind('@');
    if (at != std::string::npos && at + 1 < text.size()) return MailAddress::from_unquoted(text);
    return MailAddress();
  }

  void remember(const std::string& text, const JsonPlace& place) {
    const auto address = read(text, place);
    if (address.domain().empty()) {
      const auto other = mask_.local(text);
      if (other == text) return;
      names_.add(text, {}, other, PersonalNames::Stands::alone);
      return;
    }
    const auto other = mask_.local(address.local());
    if (other == address.local()) return;
    addresses_.emplace_back(address, other + '@' + address.domain());
    names_.add(address.local(), address.domain(), other, PersonalNames::Stands::with_its_domain);
  }

  std::optional<std::string> whole(const std::string& text, const JsonPlace& place) const {
    const auto at = read(text, place).domain().empty() ? text.size() : text.rfind('@');
    auto other = mask_.local(std::string_view(text).substr(0, at)) + text.substr(at);
    if (other == text) return std::nullopt;
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
  PersonalNames names_;
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
  const auto gather = [&masking](const JsonPlace& place, std::string_view escaped) {
    masking.gather(place, escaped);
    return std::optional<std::string>();
  };
  if (!edit_json_strings(line, gather, out)) return false;
  masking.gathered();
  out.clear();
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
