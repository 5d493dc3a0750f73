#include "state/redis_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

namespace postern {
namespace {

/// Read in one go.
constexpr std::size_t chunk = 65'536;
/// Nothing that we ask for is answered with more.
constexpr std::size_t longest_reply = std::size_t{64} << 20U;

RedisValue value_of(const redisReply& reply) {
  RedisValue value;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      value.kind =
          reply.type == REDIS_REPLY_ERROR ? RedisValue::Kind::error : RedisValue::Kind::text;
      value.text.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_INTEGER:
      value.kind = RedisValue::Kind::number;
      value.number = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      value.kind = RedisValue::Kind::list;
      for (std::size_t i = 0; i < reply.elements; ++i) {
        value.list.push_back(value_of(*reply.element[i]));
      }
      break;
    default:
      break;
  }
  return value;
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

std::string tls_trouble(const char* what) {
  std::array<char, 256> text{};
  const auto code = ERR_get_error();
  if (code == 0) return what;
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return std::string(what) + ": " + text.data();
}

}  // namespace

std::string redis_command(const std::vector<std::string>& words) {
  std::string command = "*" + std::to_string(words.size()) + "\r\n";
  for (const auto& word : words) {
    command += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return command;
}

struct RedisConnection::Tls {
  struct FreeContext {
    void operator()(SSL_CTX* owned) const { SSL_CTX_free(owned); }
  };
  struct FreeSession {
    void operator()(SSL* owned) const { SSL_free(owned); }
  };
  std::unique_ptr<SSL_CTX, FreeContext> context;
  std::unique_ptr<SSL, FreeSession> session;
};

RedisConnection::RedisConnection() : reader_(redisReaderCreate()) {}
RedisConnection::~RedisConnection() = default;

bool RedisConnection::fail(std::string why) {
  if (!over_) why_ = std::move(why);
  over_ = true;
  return false;
}

std::unique_ptr<RedisConnection> RedisConnection::open(const RedisEndpoint& endpoint,
                                                       const RedisSettings& settings, Time until,
                                                       std::string& why) {
  std::unique_ptr<RedisConnection> made(new RedisConnection);
  if (made->reader_ && made->connect(endpoint, until) &&
      (!settings.tls || made->shake_hands(endpoint, *settings.tls, until))) {
    return made;
  }
  why = to_text(endpoint) + ": " + made->why_;
  return nullptr;
}

bool RedisConnection::wait(short events, Time until) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail("it does not answer in time");
    pollfd polled{fd_.get(), events, 0};
    const int ready =
        ::poll(&polled, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return fail(std::strerror(errno));
  }
}

bool RedisConnection::connect(const RedisEndpoint& endpoint, Time until) {
  const auto attempt = [&](int family, const sockaddr* address, socklen_t size) {
    fd_.reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd_) return errno;
    if (::connect(fd_.get(), address, size) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (!wait(POLLOUT, until)) return ETIMEDOUT;
    int error = 0;
    socklen_t length = sizeof(error);
    return ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
  };
  if (endpoint.port == 0) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (endpoint.host.size() >= sizeof(address.sun_path)) return fail("its path is too long");
    endpoint.host.copy(address.sun_path, endpoint.host.size());
    const int error = attempt(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    return error == 0 || fail(std::strerror(error));
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int found =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
  if (found != 0) return fail(::gai_strerror(found));
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(list);
  int error = EHOSTUNREACH;
  for (const auto* each = list; each != nullptr && !over_; each = each->ai_next) {
    error = attempt(each->ai_family, each->ai_addr, each->ai_addrlen);
    if (error != 0) continue;
    // Requests are small, and nobody wants to wait for the next one.
    const int one = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return true;
  }
  return fail(std::strerror(error));
}

bool RedisConnection::shake_hands(const RedisEndpoint& endpoint, const RedisTls& tls, Time until) {
  tls_ = std::make_unique<Tls>();
  tls_->context.reset(SSL_CTX_new(TLS_client_method()));
  auto* context = tls_->context.get();
  if (context == nullptr) return fail(tls_trouble("TLS"));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // What is sent again after WANT_WRITE may have moved in memory.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool trusts = tls.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                          : SSL_CTX_load_verify_locations(
                                                context, tls.ca_file.c_str(), nullptr) == 1;
  if (!trusts) return fail(tls_trouble(("TLS authorities " + tls.ca_file).c_str()));
  if (!tls.certificate.empty() &&
      (SSL_CTX_use_certificate_chain_file(context, tls.certificate.c_str()) != 1 ||
       SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM) != 1)) {
    return fail(tls_trouble(("TLS certificate " + tls.certificate).c_str()));
  }
  tls_->session.reset(SSL_new(context));
  auto* session = tls_->session.get();
  if (session == nullptr || SSL_set_fd(session, fd_.get()) != 1) return fail(tls_trouble("TLS"));
  const auto& name = tls.server_name.empty() ? endpoint.host : tls.server_name;
  // An address is looked for among the addresses of a certificate, a name among its names.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) != 1) {
    ERR_clear_error();
    SSL_set_tlsext_host_name(session, name.c_str());
    if (SSL_set1_host(session, name.c_str()) != 1) return fail(tls_trouble("TLS"));
  }
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(session);
    if (result == 1) return true;
    const int wants = SSL_get_error(session, result);
    if (wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE) {
      if (!wait(wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until)) return false;
      continue;
    }
    const auto verified = SSL_get_verify_result(session);
    if (verified != X509_V_OK) {
      ERR_clear_error();
      return fail(std::string("its certificate: ") + X509_verify_cert_error_string(verified));
    }
    return fail(tls_trouble("TLS"));
  }
}

bool RedisConnection::write_some() {
  while (sent_ < unsent_.size()) {
    const auto rest = std::string_view(unsent_).substr(sent_);
    if (tls_) {
      ERR_clear_error();
      std::size_t written = 0;
      const int result = SSL_write_ex(tls_->session.get(), rest.data(), rest.size(), &written);
      if (result != 1) {
        const int wants = SSL_get_error(tls_->session.get(), result);
        if (wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE) return true;
        return fail(tls_trouble("the connection was closed"));
      }
      sent_ += written;
      continue;
    }
    const auto sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (sent < 0) return fail(std::strerror(errno));
    sent_ += static_cast<std::size_t>(sent);
  }
  unsent_.clear();
  sent_ = 0;
  return true;
}

bool RedisConnection::read_some() {
  std::array<char, chunk> buffer;  // NOLINT: filled by who reads
  for (;;) {
    std::size_t got = 0;
    if (tls_) {
      ERR_clear_error();
      const int result = SSL_read_ex(tls_->session.get(), buffer.data(), buffer.size(), &got);
      if (result != 1) {
        const int wants = SSL_get_error(tls_->session.get(), result);
        write_wants_ = wants == SSL_ERROR_WANT_WRITE;
        if (wants == SSL_ERROR_WANT_READ || wants == SSL_ERROR_WANT_WRITE) return true;
        return fail(tls_trouble("the connection was closed"));
      }
    } else {
      const auto received = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      if (received < 0 && errno == EINTR) continue;
      if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
      if (received < 0) return fail(std::strerror(errno));
      if (received == 0) return fail("the connection was closed");
      got = static_cast<std::size_t>(received);
    }
    if (redisReaderFeed(reader_.get(), buffer.data(), got) != REDIS_OK ||
        reader_->len > longest_reply) {
      return fail("it sends what makes no sense");
    }
    if (!tls_ && got < buffer.size()) return true;
  }
}

bool RedisConnection::move() {
  // What has come is read though nothing can be written any more: an error may say why.
  const bool written = over_ || write_some();
  const bool had_read = !over_ && read_some();
  return written && had_read;
}

std::optional<RedisValue> RedisConnection::next() {
  void* reply = nullptr;
  if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
    fail("it sends what makes no sense");
    return std::nullopt;
  }
  if (reply == nullptr) return std::nullopt;
  const std::unique_ptr<redisReply, void (*)(void*)> owned(static_cast<redisReply*>(reply),
                                                           freeReplyObject);
  return value_of(*owned);
}

std::optional<RedisValue> RedisConnection::call(const std::vector<std::string>& words, Time until,
                                                std::string& why) {
  send(redis_command(words));
  for (;;) {
    const bool goes_on = move();
    if (auto value = next()) return value;
    if (!goes_on || over_ ||
        !wait(static_cast<short>(POLLIN | (wants_to_write() ? POLLOUT : 0)), until)) {
      why = why_;
      return std::nullopt;
    }
  }
}

}  // namespace postern
