#include "rules/values.h"

#include "model/time_text.h"
#include "rules/local_clock.h"
#include "rules/org_domain.h"

#include <algorithm>

namespace postern::expression {
namespace {

template <typename T, typename V>
Reading<T> from_told(const Told<V>& told) {
  if (told.is_told()) return Reading<T>::told(T(told.value()));
  return told.is_absent() ? Reading<T>::absent() : Reading<T>::not_told();
}

using Text = Reading<std::string_view>;

/// Whether the transaction says something under the name, whatever its stage.
bool holds(Name name, const Transaction& transaction) {
  switch (name) {
    case Name::client_authenticated:
    case Name::client_user:
      return transaction.authentication.user.is_told();
    case Name::client_auth_method:
      return transaction.authentication.mechanism.is_told();
    case Name::tls:
    case Name::tls_version:
      return transaction.tls.version.is_told();
    case Name::tls_cipher:
      return transaction.tls.cipher.is_told();
    case Name::tls_bits:
      return transaction.tls.bits.is_told();
    case Name::helo:
    case Name::helo_org_domain:
      return transaction.helo.is_told();
    case Name::helo_extended:
      return transaction.extended_smtp.is_told();
    case Name::sender:
    case Name::sender_local:
    case Name::sender_domain:
    case Name::sender_org_domain:
      return transaction.sender.is_told();
    case Name::declared_size:
      return transaction.declared_size.is_told();
    case Name::recipient:
    case Name::recipient_local:
    case Name::recipient_domain:
    case Name::recipient_org_domain:
      return transaction.recipient.is_told();
    case Name::recipients:
      return transaction.recipients.is_told();
    case Name::recipient_count:
      return transaction.recipient_count.is_told();
    case Name::size:
      return transaction.size.is_told();
    case Name::queue_id:
      return !transaction.queue_id.empty();
    default:
      return false;
  }
}

/// True when the transaction is not yet so far.
bool out_of_reach(Name name, const Transaction& transaction, Reach reach) {
  if (transaction.stage >= row_of(name).earliest) return false;
  return reach == Reach::stage || !holds(name, transaction);
}

Text local_part(const Reading<const MailAddress*>& address) {
  return address.value ? Text::told(address.value->local()) : Text::not_told();
}

Text domain_part(const Reading<const MailAddress*>& address) {
  return address.value ? Text::told(address.value->domain()) : Text::not_told();
}

Text org_domain_of(Text domain) {
  if (domain.state == Text::State::told) domain.value = org_domain(domain.value);
  return domain;
}

/// Known when `told` is: true unless it is absent.
template <typename V>
Reading<bool> presence(const Told<V>& told) {
  if (told.is_told()) return Reading<bool>::told(true);
  return told.is_absent() ? Reading<bool>::told(false) : Reading<bool>::not_told();
}

/// A port or the like, where 0 means that the MTA did not say.
Reading<std::int64_t> nonzero(std::uint16_t number) {
  return number != 0 ? Reading<std::int64_t>::told(number) : Reading<std::int64_t>::not_told();
}

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

std::string_view TextBuffer::join(const MailAddress& address) {
  const auto& local = address.local();
  const auto& domain = address.domain();
  if (domain.empty()) return local;
  const auto length = local.size() + 1 + domain.size();
  if (length > room_.size()) return more_ = address.text();
  auto* end = std::copy(local.begin(), local.end(), room_.begin());
  *end++ = '@';
  std::copy(domain.begin(), domain.end(), end);
  return {room_.data(), length};
}

Reading<bool> read_boolean(Name name, const Transaction& transaction, Reach reach) {
  if (out_of_reach(name, transaction, reach)) return Reading<bool>::not_told();
  switch (name) {
    case Name::client_authenticated:
      return presence(transaction.authentication.user);
    case Name::tls:
      return presence(transaction.tls.version);
    case Name::helo_extended:
      if (transaction.helo.is_absent()) return Reading<bool>::told(false);
      return transaction.extended_smtp.is_told()
                 ? Reading<bool>::told(transaction.extended_smtp.value())
                 : Reading<bool>::not_told();
    default:
      return Reading<bool>::not_told();
  }
}

Reading<std::int64_t> read_number(Name name, const Transaction& transaction, Reach reach) {
  using Number = Reading<std::int64_t>;
  if (out_of_reach(name, transaction, reach)) return Number::not_told();
  switch (name) {
    case Name::client_port:
      return nonzero(transaction.client.port);
    case Name::server_port:
      return nonzero(transaction.server_port);
    case Name::tls_bits:
      return from_told<std::int64_t>(transaction.tls.bits);
    case Name::declared_size:
      return from_told<std::int64_t>(transaction.declared_size);
    case Name::recipient_count:
      return from_told<std::int64_t>(transaction.recipient_count);
    case Name::size:
      return from_told<std::int64_t>(transaction.size);
    case Name::time:
      return Number::told(time_of_day(transaction));
    case Name::date:
      return Number::told(date(transaction));
    default:
      return Number::not_told();
  }
}

Text read_text(Name name, std::string_view macro, const Transaction& transaction,
               TextBuffer& buffer, Reach reach) {
  if (out_of_reach(name, transaction, reach)) return Text::not_told();
  const auto& client = transaction.client;
  switch (name) {
    case Name::client_name:
      return from_told<std::string_view>(client.name);
    case Name::client_org_domain:
      return org_domain_of(from_told<std::string_view>(client.name));
    case Name::client_reverse_name:
      return from_told<std::string_view>(client.reverse_name);
    case Name::client_user:
      return from_told<std::string_view>(transaction.authentication.user);
    case Name::client_auth_method:
      return from_told<std::string_view>(transaction.authentication.mechanism);
    case Name::tls_version:
      return from_told<std::string_view>(transaction.tls.version);
    case Name::tls_cipher:
      return from_told<std::string_view>(transaction.tls.cipher);
    case Name::helo:
      return from_told<std::string_view>(transaction.helo);
    case Name::helo_org_domain:
      return org_domain_of(from_told<std::string_view>(transaction.helo));
    case Name::sender_local:
      return local_part(read_address(Name::sender, transaction, reach));
    case Name::sender_domain:
      return domain_part(read_address(Name::sender, transaction, reach));
    case Name::sender_org_domain:
      return org_domain_of(domain_part(read_address(Name::sender, transaction, reach)));
    case Name::recipient_org_domain:
      return org_domain_of(domain_part(read_address(Name::recipient, transaction, reach)));
    case Name::recipient_local:
      return local_part(read_address(Name::recipient, transaction, reach));
    case Name::recipient_domain:
      return domain_part(read_address(Name::recipient, transaction, reach));
    case Name::queue_id:
      return transaction.queue_id.empty() ? Text::absent() : Text::told(transaction.queue_id);
    case Name::stage:
      return Text::told(postern::to_text(transaction.stage));
    case Name::door:
      return Text::told(postern::to_text(transaction.door));
    case Name::weekday:
      return Text::told(words_of(Name::weekday)[weekday(transaction)]);
    case Name::macro: {
      // The policy protocol knows no macros: that one is missing says nothing there.
      if (transaction.door == Door::policy) return Text::not_told();
      const auto& macros = transaction.macros;
      const auto found = std::find_if(macros.begin(), macros.end(),
                                      [&](const auto& entry) { return entry.first == macro; });
      return found == macros.end() ? Text::absent() : Text::told(found->second);
    }
    case Name::sender:
    case Name::recipient: {
      const auto address = read_address(name, transaction, reach);
      return address.value ? Text::told(buffer.join(*address.value)) : Text::not_told();
    }
    default:
      return Text::not_told();
  }
}

Reading<const MailAddress*> read_address(Name name, const Transaction& transaction, Reach reach) {
  using Address = Reading<const MailAddress*>;
  if (out_of_reach(name, transaction, reach)) return Address::not_told();
  const auto& told = name == Name::sender ? transaction.sender : transaction.recipient;
  return told.is_told() ? Address::told(&told.value()) : Address::not_told();
}

Reading<std::span<const AcceptedRecipient>> read_addresses(Name name,
                                                           const Transaction& transaction,
                                                           Reach reach) {
  using Addresses = Reading<std::span<const AcceptedRecipient>>;
  if (out_of_reach(name, transaction, reach)) return Addresses::not_told();
  const auto& told = transaction.recipients;
  if (told.is_told()) return Addresses::told(told.value());
  return told.is_absent() ? Addresses::absent() : Addresses::not_told();
}

Reading<std::optional<IpAddress>> read_ip(Name name, const Transaction& transaction, Reach reach) {
  using Ip = Reading<std::optional<IpAddress>>;
  if (out_of_reach(name, transaction, reach)) return Ip::not_told();
  if (name == Name::client_ip) {
    if (transaction.client.address) return Ip::told(transaction.client.address);
    // Only the milter hears of mail that was handed in on the machine itself. smtpd always has a
    // client: an address that cannot be read there is one that we do not know.
    return transaction.door == Door::policy ? Ip::not_told() : Ip::absent();
  }
  if (transaction.server_address.empty()) return Ip::not_told();
  const auto address = IpAddress::parse(transaction.server_address);
  return address ? Ip::told(address) : Ip::not_told();
}

std::optional<std::string> describe(Name name, std::string_view macro,
                                    const Transaction& transaction) {
  switch (row_of(name).type) {
    case ValueType::boolean: {
      const auto reading = read_boolean(name, transaction);
      if (reading.state == Reading<bool>::State::not_told) return std::nullopt;
      return std::string(reading.value ? "true" : "false");
    }
    case ValueType::number:
    case ValueType::size: {
      const auto reading = read_number(name, transaction);
      using State = Reading<std::int64_t>::State;
      if (reading.state == State::not_told) return std::nullopt;
      return reading.state == State::absent ? std::string() : std::to_string(reading.value);
    }
    case ValueType::time_of_day:
      return time_of_day_text(time_of_day(transaction));
    case ValueType::date:
      return day_text(std::chrono::sys_days(std::chrono::days(date(transaction))));
    case ValueType::ip: {
      const auto reading = read_ip(name, transaction);
      if (reading.state == Reading<std::optional<IpAddress>>::State::not_told) return std::nullopt;
      return reading.value ? reading.value->text() : std::string();
    }
    case ValueType::address: {
      const auto reading = read_address(name, transaction);
      if (!reading.value) return std::nullopt;
      return reading.value->empty() ? std::string("<>") : reading.value->text();
    }
    case ValueType::addresses: {
      const auto reading = read_addresses(name, transaction);
      using State = Reading<std::span<const AcceptedRecipient>>::State;
      if (reading.state == State::not_told) return std::nullopt;
      std::string texts;
      for (const auto& recipient : reading.value) {
        if (!texts.empty()) texts += ", ";
        texts += recipient.address.text();
      }
      return texts;
    }
    case ValueType::text:
    case ValueType::local:
    case ValueType::domain:
    case ValueType::texts:
    case ValueType::choice: {
      TextBuffer buffer;
      const auto reading = read_text(name, macro, transaction, buffer);
      if (reading.state == Text::State::not_told) return std::nullopt;
      return std::string(reading.value);
    }
  }
  return std::nullopt;
}

bool stands_at(std::string_view text, std::size_t at, std::string_view part) noexcept {
  if (at > text.size() || text.size() - at < part.size()) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (lower(text[at + i]) != lower(part[i])) return false;
  }
  return true;
}

bool same_domain(std::string_view a, std::string_view b) noexcept {
  if (!a.empty() && a.back() == '.') a.remove_suffix(1);
  if (!b.empty() && b.back() == '.') b.remove_suffix(1);
  return a.size() == b.size() && stands_at(a, 0, b);
}

bool is_within(std::string_view name, std::string_view domain) noexcept {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (domain.empty() || name.size() < domain.size()) return false;
  const auto at = name.size() - domain.size();
  return stands_at(name, at, domain) && (at == 0 || name[at - 1] == '.');
}

bool same_local(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && stands_at(a, 0, b);
}

bool same_mailbox(const MailAddress& a, const MailAddress& b) noexcept {
  return same_local(a.local(), b.local()) && same_domain(a.domain(), b.domain());
}

}  // namespace postern::expression
