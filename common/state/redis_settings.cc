#include "state/redis_settings.h"

#include <charconv>

namespace postern {
namespace {

constexpr std::uint16_t usual_port = 6379;
constexpr std::uint16_t usual_sentinel_port = 26379;
constexpr std::size_t most_endpoints = 32;

template <typename Number>
bool read(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

/// What stands before `mark`, which goes as well; all of it when it is not there.
std::string_view take_until(std::string_view& text, char mark) {
  const auto end = text.find(mark);
  const auto taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

bool decode(std::string_view text, std::string& into) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      into += text[i];
      continue;
    }
    unsigned octet = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
    if (error != std::errc() || end != digits.data() + 2) return false;
    into += static_cast<char>(octet);
    i += 2;
  }
  return true;
}

bool read_endpoint(std::string_view text, std::uint16_t port, std::vector<RedisEndpoint>& into) {
  RedisEndpoint made;
  made.port = port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    made.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (!text.empty() && !text.starts_with(':')) return false;
    if (!text.empty()) text.remove_prefix(1);
    if (!text.empty() && !read(text, made.port)) return false;
  } else {
    made.host = take_until(text, ':');
    if (!text.empty() && !read(text, made.port)) return false;
  }
  if (made.host.empty() || made.port == 0) return false;
  into.push_back(std::move(made));
  return into.size() <= most_endpoints;
}

}  // namespace

std::string to_text(const RedisEndpoint& endpoint) {
  if (endpoint.port == 0) return endpoint.host;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::optional<RedisSettings> redis_settings_from_url(std::string_view url, std::string& why) {
  RedisSettings settings;
  if (url.starts_with("unix:")) {
    settings.endpoints.push_back({std::string(url.substr(5)), 0});
    if (settings.endpoints[0].host.starts_with('/')) return settings;
    why = "the path of a socket begins with \"/\"";
    return std::nullopt;
  }
  if (url.starts_with("rediss://")) {
    settings.tls.emplace();
    url.remove_prefix(9);
  } else if (url.starts_with("redis://")) {
    url.remove_prefix(8);
  } else {
    why = "it begins with none of \"redis://\", \"rediss://\" and \"unix:\"";
    return std::nullopt;
  }
  auto query = url;
  auto place = take_until(query, '?');
  auto path = place;
  auto authority = take_until(path, '/');
  // A password may hold anything but what must be written as %XX; hosts have no "@".
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    auto secret = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const auto user = take_until(secret, ':');
    if (!decode(user, settings.user) || !decode(secret, settings.password)) {
      why = "\"%\" in user or password is not followed by two hexadecimal digits";
      return std::nullopt;
    }
  }
  if (!path.empty() && !read(path, settings.database)) {
    why = "the data base is not a number";
    return std::nullopt;
  }
  while (!query.empty()) {
    auto value = take_until(query, '&');
    const auto name = take_until(value, '=');
    if (name != "master" || value.empty()) {
      why = "\"master\" is all that can stand after \"?\"";
      return std::nullopt;
    }
    settings.master_name = value;
  }
  if (authority.ends_with(',')) {
    why = "a comma stands between two hosts";
    return std::nullopt;
  }
  const auto port = settings.master_name.empty() ? usual_port : usual_sentinel_port;
  do {
    const auto one = take_until(authority, ',');
    if (!read_endpoint(one, port, settings.endpoints)) {
      why = "\"" + std::string(one) + "\" is not a host with a port";
      return std::nullopt;
    }
  } while (!authority.empty());
  return settings;
}

}  // namespace postern
