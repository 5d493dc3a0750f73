#include "runtime/worker_channel.h"

#include "system/write_all.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace postern {
namespace {

constexpr std::size_t header_size = 1 + sizeof(std::uint32_t);

}  // namespace

bool WorkerChannel::send(WorkerWord word, std::string_view text) noexcept {
  text = text.substr(0, longest_text);
  const std::lock_guard lock(sending_);
  std::array<char, header_size> header{};
  header[0] = static_cast<char>(word);
  const auto length = static_cast<std::uint32_t>(text.size());
  std::memcpy(header.data() + 1, &length, sizeof length);
  return send_all(fd_.get(), {header.data(), header.size()}) && send_all(fd_.get(), text);
}

std::optional<WorkerMessage> WorkerChannel::parse() {
  if (in_.size() < header_size) return std::nullopt;
  std::uint32_t length = 0;
  std::memcpy(&length, in_.data() + 1, sizeof length);
  if (in_.size() - header_size < length) return std::nullopt;
  WorkerMessage message{static_cast<WorkerWord>(in_[0]), in_.substr(header_size, length)};
  in_.erase(0, header_size + length);
  return message;
}

std::optional<WorkerMessage> WorkerChannel::receive() {
  std::array<char, 4096> buffer{};
  while (true) {
    if (auto message = parse()) return message;
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    in_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::vector<WorkerMessage> WorkerChannel::take(End& end) {
  end = End::open;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || (got < 0 && errno != EAGAIN)) end = End::gone;
    if (got <= 0) break;
    in_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::vector<WorkerMessage> messages;
  while (auto message = parse()) messages.push_back(std::move(*message));
  return messages;
}

}  // namespace postern
