#include "rules/share.h"

#include "model/text.h"

#include <algorithm>
#include <bit>
#include <string>

namespace postern {
namespace {

/// Octets of the address that make the network: hosts of one sender are in one network.
constexpr unsigned network_v4 = 24;
constexpr unsigned network_v6 = 64;

// Not a secret, and not a setting: all servers of a site, and the replay of a record on another
// machine, must come to the same. It keeps the places of different programs apart that hash the
// same names. The digits are those of pi.
constexpr std::array<std::uint64_t, 2> key{0x243F6A8885A308D3U, 0x13198A2E03707344U};

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void add(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

std::uint64_t little_endian(std::string_view octets) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(octets[i])) << (8 * i);
  }
  return word;
}

/// With its length, so that no two lists of parts are one text.
void append(std::string& text, std::string_view part) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}

std::string network_of(const Client& client) {
  if (!client.address) return {};
  const bool v4 = client.address->family() == IpAddress::Family::v4;
  return Network::around(*client.address, v4 ? network_v4 : network_v6).text();
}

}  // namespace

std::uint64_t siphash(const std::array<std::uint64_t, 2>& secret,
                      std::string_view octets) noexcept {
  State state{secret[0] ^ 0x736F6D6570736575U, secret[1] ^ 0x646F72616E646F6DU,
              secret[0] ^ 0x6C7967656E657261U, secret[1] ^ 0x7465646279746573U};
  const auto length = static_cast<std::uint64_t>(octets.size());
  for (; octets.size() >= 8; octets.remove_prefix(8)) state.add(little_endian(octets.substr(0, 8)));
  state.add(little_endian(octets) | length << 56U);
  state.v2 ^= 0xFFU;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

unsigned share_place(std::string_view rule, Stage stage, const Transaction& transaction) {
  std::string text;
  append(text, rule);
  append(text, network_of(transaction.client));
  if (stage >= Stage::mail) append(text, lower(transaction.sender.value().text()));
  if (stage == Stage::rcpt) append(text, lower(transaction.recipient.value().text()));
  return static_cast<unsigned>(siphash(key, text) % 100);
}

unsigned message_place(const Transaction& transaction) {
  std::string text;
  append(text, "message");
  append(text, transaction.instance);
  // The queue id is known only from the first accepted recipient on, so it cannot count.
  append(text, transaction.instance.empty() ? transaction.session : std::string());
  if (transaction.instance.empty() && transaction.session.empty()) {
    append(text, transaction.reference.text());
  }
  return static_cast<unsigned>(siphash(key, text) % 100);
}

std::optional<bool> in_share(const Rule& rule, const Transaction& transaction) {
  if (rule.share == 0) return true;
  const auto stage = rule.place.stage;
  if (transaction.stage < stage) return {};
  if (stage == Stage::rcpt && !transaction.recipient.is_told()) return {};
  return share_place(rule.place.name, stage, transaction) < rule.share;
}

std::optional<unsigned> share_from_text(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > 3 || text.back() != '%') return {};
  text.remove_suffix(1);
  unsigned share = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    share = share * 10 + static_cast<unsigned>(c - '0');
  }
  if (share == 0 || text.front() == '0') return {};
  return share;
}

}  // namespace postern
