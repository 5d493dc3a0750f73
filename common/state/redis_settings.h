// Where Redis (or Valkey) is, and how we speak to it. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

struct RedisEndpoint {
  std::string host;  ///< a name or an address; with port 0 the path of a unix socket
  std::uint16_t port = 0;

  friend bool operator==(const RedisEndpoint&, const RedisEndpoint&) = default;
};
/// "redis.example.org:6379", "[2001:db8::1]:6379", "/run/redis.sock".
std::string to_text(const RedisEndpoint& endpoint);

struct RedisTls {
  std::string ca_file;      ///< whom to trust; empty: the system's authorities
  std::string certificate;  ///< file of our own chain, if the server wants one
  std::string key;          ///< file of its key
  std::string server_name;  ///< in the server's certificate; empty: the endpoint's host
};

struct RedisSettings {
  /// Tried in turn. With `master_name` they are sentinels, which are asked for the master. With
  /// several and no `master_name` they are nodes of a cluster, any of which tells where our slot
  /// is.
  std::vector<RedisEndpoint> endpoints;
  std::string master_name;
  std::string user;  ///< empty: the default one
  std::string password;
  std::string sentinel_password;
  unsigned database = 0;
  std::optional<RedisTls> tls;
  /// Before every key. All keys of one request must lie together; what stands in braces decides in
  /// a cluster where that is, so the ledger is on one node of it, and its replicas.
  std::string prefix = "{postern:1}";
  std::chrono::milliseconds connect_timeout{1500};  ///< with TLS, password and all
  /// A server that has not answered for so long is given up, and the connection with it.
  std::chrono::milliseconds timeout{1000};
  std::size_t waiting = 20'000;   ///< requests at most, sent or not
  std::size_t in_flight = 1'000;  ///< of these, sent and not answered
  /// Between attempts to connect; grows to the second.
  std::chrono::milliseconds retry{100};
  std::chrono::milliseconds longest_retry{5'000};
  /// Whose time counts. Servers' clocks differ, so all who share the ledger go by that of Redis;
  /// tests turn ours.
  enum class Time : std::uint8_t { of_server, of_clock } time = Time::of_server;
};

/// "redis://[user][:password]@host[:port][/database]"; rediss: with TLS; unix:/path/to/socket.
/// Several endpoints are separated by commas: "redis://a:26379,b:26379/0?master=mymaster".
/// Octets of user and password may be written as %XX. Nothing: `why` says what is wrong.
std::optional<RedisSettings> redis_settings_from_url(std::string_view url, std::string& why);

}  // namespace postern
