#include "rules/settings.h"

#include "model/text.h"
#include "postern/address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace postern {
namespace {

/// Octets in sockaddr_un::sun_path on Linux, less the final zero (unix(7)).
constexpr std::size_t longest_socket_path = 107;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > 65'535) return {};
  return static_cast<std::uint16_t>(value);
}

Result<ListenAddress> parse_unix(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return plain_problem("the path of a socket must be absolute: " + quoted(path),
                         "write the whole path, as in \"unix:/run/postern/policy.sock\"");
  }
  if (path.size() > longest_socket_path) {
    return plain_problem(
        "a socket's path may have at most 107 octets, this one has " + std::to_string(path.size()),
        "the system's limit; choose a shorter folder");
  }
  if (path.back() == '/') {
    return plain_problem("a socket's path must end in a file name: " + quoted(path));
  }
  ListenAddress address;
  address.path = path;
  return address;
}

Result<ListenAddress> parse_inet(std::string_view scheme, std::string_view rest) {
  const std::string hint = "write \"" + std::string(scheme) +
                           (scheme == "inet6" ? ":[::1]:10044\"" : ":127.0.0.1:10044\"") +
                           " (Postfix) or \"" + std::string(scheme) + ":10044@" +
                           (scheme == "inet6" ? "::1" : "localhost") + "\" (sendmail)";
  std::string_view host;
  std::string_view port;
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    port = rest.substr(0, at);
    host = rest.substr(at + 1);
  } else if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
  } else {
    return plain_problem("a network address needs a host and a port: " + quoted(rest), hint);
  }
  const auto number = parse_port(port);
  if (!number) {
    return plain_problem("a port is a number from 0 to 65535, not " + quoted(port), hint);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  ListenAddress address;
  address.family = scheme == "inet6" ? ListenAddress::Family::inet6 : ListenAddress::Family::inet;
  address.host = host;
  address.port = *number;
  if (const auto ip = IpAddress::parse(host)) {
    if (ip->family() == IpAddress::Family::v6) {
      address.family = ListenAddress::Family::inet6;
    } else if (scheme == "inet6") {
      return plain_problem(quoted(host) + " is an IPv4 address", "write \"inet:\" before it");
    }
  } else if (!is_host_name(host)) {
    return plain_problem(quoted(host) + " is neither a host name nor an IP address", hint);
  }
  return address;
}

}  // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (scheme == "unix" || scheme == "local") return parse_unix(text.substr(colon + 1));
  if (scheme == "inet" || scheme == "inet6") return parse_inet(scheme, text.substr(colon + 1));
  if (!text.empty() && text.front() == '/') {
    return plain_problem("an address begins with its kind",
                         "write \"unix:" + std::string(text) + '"');
  }
  if (scheme == "tcp" || scheme == "tcp4") {
    return plain_problem("there is no kind of address " + quoted(scheme),
                         "write \"inet:" + std::string(text.substr(colon + 1)) + '"');
  }
  return plain_problem(
      "not a listening address: " + quoted(text),
      "write \"unix:/path\", \"inet:host:port\" or \"inet6:[address]:port\"; sendmail's "
      "\"local:/path\" and \"inet:port@host\" do as well");
}

std::string ListenAddress::postfix_text() const {
  if (family == Family::unix_socket) return "unix:" + path;
  const bool bracketed = host.find(':') != std::string::npos;
  return "inet:" + (bracketed ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::string ListenAddress::sendmail_text() const {
  if (family == Family::unix_socket) return "local:" + path;
  return std::string(family == Family::inet6 ? "inet6:" : "inet:") + std::to_string(port) + '@' +
         host;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::int64_t longest = std::int64_t{10} * 366 * 24 * 3600 * 1000;
  std::int64_t number = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || number < 0 || text.empty() || !is_digit(text.front())) return {};
  const std::string_view unit(end, static_cast<std::size_t>(last - end));
  std::int64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d") factor = 86'400'000;
  if (factor == 0 || number > longest / factor) return {};
  return std::chrono::milliseconds(number * factor);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::uint64_t most = std::uint64_t{1} << 60U;
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> units{
      {{"B", 1},
       {"kB", 1000},
       {"KB", 1000},
       {"KiB", 1024},
       {"MB", 1'000'000},
       {"MiB", 1'048'576},
       {"GB", 1'000'000'000},
       {"GiB", 1'073'741'824}}};
  std::uint64_t number = 0;
  const auto* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || text.empty() || !is_digit(text.front())) return {};
  const std::string_view wanted(end, static_cast<std::size_t>(last - end));
  for (const auto& [unit, factor] : units) {
    if (unit == wanted && number < most / factor) return number * factor;
  }
  return {};
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  std::string_view last;
  while (true) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-'; })) {
      return false;
    }
    last = label;
    if (dot == std::string_view::npos) break;
    text = text.substr(dot + 1);
  }
  return !std::all_of(last.begin(), last.end(), is_digit);
}

std::string_view to_text(AcceptRecords records) noexcept {
  switch (records) {
    case AcceptRecords::full:
      return "full";
    case AcceptRecords::compact:
      return "compact";
    case AcceptRecords::none:
      return "none";
  }
  return "full";
}

std::optional<AcceptRecords> accept_records_from_text(std::string_view text) noexcept {
  for (const auto records : {AcceptRecords::full, AcceptRecords::compact, AcceptRecords::none}) {
    if (to_text(records) == text) return records;
  }
  return std::nullopt;
}

std::string_view to_text(AddressForm form) noexcept {
  switch (form) {
    case AddressForm::full:
      return "full";
    case AddressForm::hashed:
      return "hashed";
    case AddressForm::cut:
      return "cut";
  }
  return "cut";
}

std::optional<AddressForm> address_form_from_text(std::string_view text) noexcept {
  for (const auto form : {AddressForm::full, AddressForm::hashed, AddressForm::cut}) {
    if (to_text(form) == text) return form;
  }
  return std::nullopt;
}

}  // namespace postern
