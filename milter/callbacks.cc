#include "milter/callbacks.h"

#include "milter/wake.h"

#include <libmilter/mfapi.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace postern::milter_door {
namespace {

static_assert(step::no_body == SMFIP_NOBODY && step::no_headers == SMFIP_NOHDRS &&
              step::no_end_of_headers == SMFIP_NOEOH && step::no_reply_header == SMFIP_NR_HDR &&
              step::no_unknown == SMFIP_NOUNKNOWN && step::no_data == SMFIP_NODATA &&
              step::no_reply_connect == SMFIP_NR_CONN && step::no_reply_helo == SMFIP_NR_HELO &&
              step::no_reply_mail == SMFIP_NR_MAIL && step::no_reply_data == SMFIP_NR_DATA &&
              step::no_reply_end_of_headers == SMFIP_NR_EOH &&
              step::no_reply_body == SMFIP_NR_BODY &&
              step::header_leading_space == SMFIP_HDR_LEADSPC &&
              action_set_symbols == SMFIF_SETSYMLIST && action::add_headers == SMFIF_ADDHDRS &&
              action::add_recipients == SMFIF_ADDRCPT &&
              action::delete_recipients == SMFIF_DELRCPT &&
              action::change_headers == SMFIF_CHGHDRS && action::quarantine == SMFIF_QUARANTINE);

/// Seconds without a command before libmilter closes a session; its own default. Longer than any
/// time limit of an SMTP server (RFC 5321 4.5.3.2), so that the MTA always is the first to give up.
constexpr int idle_seconds = 7210;

/// Octets of one command. libmilter's default of 65,535 cuts the connection on a longer header,
/// whose sender thereby would choose the MTA's failure action; Postfix lets 102,400 through.
constexpr std::size_t longest_command = 262'143;

/// Lines that smfi_setmlreply takes.
constexpr std::size_t most_lines = 32;

struct Library {
  SessionMaker maker;
  Waker waker;
  std::atomic<unsigned> in_flight{0};
  std::atomic<bool> stopping{false};
  std::mutex mutex;  // guards running
  std::condition_variable changed;
  bool running = false;
};

/// Never destroyed: libmilter's workers are not joined and may outlive every static object.
Library& library() {
  static auto* const only = new Library;
  return *only;
}

/// Counts the callbacks under way, so that a stop can wait for them.
class InFlight {
 public:
  InFlight() noexcept { ++library().in_flight; }
  ~InFlight() {
    auto& filter = library();
    if (--filter.in_flight == 0 && filter.stopping) {
      const std::lock_guard lock(filter.mutex);
      filter.changed.notify_all();
    }
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
};

template <std::size_t... index>
int set_lines(SMFICTX* context, const MilterReply& reply,
              const std::array<char*, most_lines>& lines, std::index_sequence<index...>) {
  // The first null pointer ends the list.
  return smfi_setmlreply(context, reply.code.c_str(), reply.enhanced.c_str(), lines[index]...,
                         static_cast<char*>(nullptr));
}

class LibmilterLink final : public Link {
 public:
  explicit LibmilterLink(SMFICTX* context) : context_(context) {}

  const char* macro(const char* name) override {
    return smfi_getsymval(context_, const_cast<char*>(name));
  }

  bool set_reply(const MilterReply& reply) noexcept override {
    const auto& lines = reply.lines;
    if (lines.empty() || lines.size() > most_lines) return false;
    // The library's parameters lack const; it copies them.
    if (reply.enhanced.empty()) {
      return lines.size() == 1 &&
             smfi_setreply(context_, const_cast<char*>(reply.code.c_str()), nullptr,
                           const_cast<char*>(lines[0].c_str())) == MI_SUCCESS;
    }
    std::array<char*, most_lines> pointers{};
    std::transform(lines.begin(), lines.end(), pointers.begin(),
                   [](const std::string& line) { return const_cast<char*>(line.c_str()); });
    return set_lines(context_, reply, pointers, std::make_index_sequence<most_lines>{}) ==
           MI_SUCCESS;
  }

  // The library's parameters lack const; it copies them.
  bool insert_header(const std::string& name, const std::string& value) noexcept override {
    return smfi_insheader(context_, 0, mutable_text(name), mutable_text(value)) == MI_SUCCESS;
  }
  bool delete_header(const std::string& name, int index) noexcept override {
    return smfi_chgheader(context_, mutable_text(name), index, nullptr) == MI_SUCCESS;
  }
  bool add_recipient(const std::string& address) noexcept override {
    return smfi_addrcpt(context_, mutable_text(address)) == MI_SUCCESS;
  }
  bool remove_recipient(const std::string& address) noexcept override {
    return smfi_delrcpt(context_, mutable_text(address)) == MI_SUCCESS;
  }
  bool hold(const std::string& why) noexcept override {
    return smfi_quarantine(context_, mutable_text(why)) == MI_SUCCESS;
  }

 private:
  static char* mutable_text(const std::string& text) { return const_cast<char*>(text.c_str()); }

  SMFICTX* context_;
};

sfsistat to_libmilter(Status status) noexcept {
  switch (status) {
    case Status::proceed:
      return SMFIS_CONTINUE;
    case Status::no_reply:
      return SMFIS_NOREPLY;
    case Status::reject:
      return SMFIS_REJECT;
    case Status::tempfail:
      return SMFIS_TEMPFAIL;
    case Status::discard:
      return SMFIS_DISCARD;
  }
  return SMFIS_TEMPFAIL;
}

/// The session behind the private pointer, made when the first callback needs it: which one that is
/// depends on the MTA.
Session& session_of(SMFICTX* context) {
  if (auto* session = static_cast<Session*>(smfi_getpriv(context))) return *session;
  auto made = library().maker();
  if (smfi_setpriv(context, made.get()) != MI_SUCCESS) throw std::bad_alloc();
  return *made.release();  // on_close takes it back
}

/// Every callback passes through here: nothing may be thrown into libmilter's C frames. A session
/// answers its own trouble; what is caught here is that none could be made.
template <typename Event>
sfsistat answer(SMFICTX* context, Event event) noexcept {
  const InFlight counted;
  try {
    LibmilterLink link(context);
    return to_libmilter(event(session_of(context), link));
  } catch (...) {
    return SMFIS_TEMPFAIL;
  }
}

/// The words of MAIL or RCPT. Without memory of its own: what is thrown outside a session's guard
/// is answered, and an answer that was agreed not to come would be taken for that of the next
/// command.
class Arguments {
 public:
  explicit Arguments(char** argv) noexcept {
    for (; argv != nullptr && *argv != nullptr && count_ < words_.size(); ++argv) {
      words_[count_++] = *argv;
    }
  }
  Session::Parameters words() const noexcept { return {words_.data(), count_}; }

 private:
  /// The registered parameters of ESMTP number about twenty, and an MTA refuses all others.
  static constexpr std::size_t most_words = 64;
  std::array<std::string_view, most_words> words_;
  std::size_t count_ = 0;
};

std::string_view text_of(const char* text) { return text == nullptr ? "" : text; }

void ask_for_symbols(SMFICTX* context) {
  constexpr std::array places{
      std::pair{Stage::connect, SMFIM_CONNECT},    std::pair{Stage::helo, SMFIM_HELO},
      std::pair{Stage::mail, SMFIM_ENVFROM},       std::pair{Stage::rcpt, SMFIM_ENVRCPT},
      std::pair{Stage::data, SMFIM_DATA},          std::pair{Stage::end_of_headers, SMFIM_EOH},
      std::pair{Stage::end_of_message, SMFIM_EOM},
  };
  for (const auto& [stage, place] : places) {
    auto list = symbol_list(stage);
    static_cast<void>(smfi_setsymlist(context, place, list.data()));
  }
}

// ---- What libmilter calls --------------------------------------------------------------------

extern "C" {

sfsistat on_negotiate(SMFICTX* context, unsigned long actions, unsigned long steps, unsigned long,
                      unsigned long, unsigned long* our_actions, unsigned long* our_steps,
                      unsigned long* third, unsigned long* fourth) noexcept {
  const InFlight counted;
  try {
    auto& session = session_of(context);
    const auto agreed =
        session.negotiate(static_cast<std::uint32_t>(actions), static_cast<std::uint32_t>(steps));
    if ((agreed.actions & action_set_symbols) != 0) ask_for_symbols(context);
    *our_actions = agreed.actions;
    *our_steps = agreed.steps;
    *third = 0;
    *fourth = 0;
    return SMFIS_CONTINUE;
  } catch (...) {
    // Any other answer would end the session; with all steps sent a session made later still works.
    return SMFIS_ALL_OPTS;
  }
}

sfsistat on_connect(SMFICTX* context, char* host, _SOCK_ADDR* address) noexcept {
  return answer(context, [&](Session& session, Link& link) {
    return session.connect(text_of(host), reinterpret_cast<const sockaddr*>(address), link);
  });
}

sfsistat on_helo(SMFICTX* context, char* name) noexcept {
  return answer(context,
                [&](Session& session, Link& link) { return session.helo(text_of(name), link); });
}

sfsistat on_mail(SMFICTX* context, char** argv) noexcept {
  return answer(context, [&](Session& session, Link& link) {
    return session.mail(Arguments(argv).words(), link);
  });
}

sfsistat on_rcpt(SMFICTX* context, char** argv) noexcept {
  return answer(context, [&](Session& session, Link& link) {
    return session.rcpt(Arguments(argv).words(), link);
  });
}

sfsistat on_data(SMFICTX* context) noexcept {
  return answer(context, [](Session& session, Link& link) { return session.data(link); });
}

sfsistat on_header(SMFICTX* context, char* name, char* value) noexcept {
  return answer(context, [&](Session& session, Link&) {
    return session.header(text_of(name), text_of(value));
  });
}

sfsistat on_end_of_headers(SMFICTX* context) noexcept {
  return answer(context, [](Session& session, Link& link) { return session.end_of_headers(link); });
}

sfsistat on_body(SMFICTX* context, unsigned char*, std::size_t octets) noexcept {
  return answer(context, [&](Session& session, Link&) { return session.body(octets); });
}

sfsistat on_end_of_message(SMFICTX* context) noexcept {
  return answer(context, [](Session& session, Link& link) { return session.end_of_message(link); });
}

sfsistat on_abort(SMFICTX* context) noexcept {
  const InFlight counted;
  // Without a session there is nothing to forget.
  if (auto* session = static_cast<Session*>(smfi_getpriv(context))) session->abort();
  return SMFIS_CONTINUE;
}

sfsistat on_close(SMFICTX* context) noexcept {
  const InFlight counted;
  const std::unique_ptr<Session> session(static_cast<Session*>(smfi_getpriv(context)));
  if (session != nullptr) static_cast<void>(smfi_setpriv(context, nullptr));
  return SMFIS_CONTINUE;
}

}  // extern "C"

}  // namespace

bool register_filter(const std::string& connection, SessionMaker maker, const Complain& complain) {
  auto& filter = library();
  filter.maker = std::move(maker);

  std::string name = "postern";
  smfiDesc description{};
  description.xxfi_name = name.data();
  description.xxfi_version = SMFI_VERSION;
  description.xxfi_flags = SMFIF_NONE;
  description.xxfi_connect = on_connect;
  description.xxfi_helo = on_helo;
  description.xxfi_envfrom = on_mail;
  description.xxfi_envrcpt = on_rcpt;
  description.xxfi_header = on_header;
  description.xxfi_eoh = on_end_of_headers;
  description.xxfi_body = on_body;
  description.xxfi_eom = on_end_of_message;
  description.xxfi_abort = on_abort;
  description.xxfi_close = on_close;
  description.xxfi_unknown = nullptr;
  description.xxfi_data = on_data;
  description.xxfi_negotiate = on_negotiate;

  const auto fail = [&](const char* what) {
    complain(std::string("milter: ") + what + " (" + connection + ")");
    return false;
  };
  auto text = connection;
  if (smfi_register(description) != MI_SUCCESS) return fail("libmilter takes no callbacks");
  if (smfi_setconn(text.data()) != MI_SUCCESS) return fail("libmilter refuses the address");
  static_cast<void>(smfi_settimeout(idle_seconds));
  static_cast<void>(smfi_setbacklog(SOMAXCONN));
  static_cast<void>(smfi_setmaxdatasize(longest_command));
  // A socket that a dead filter left behind is removed; anything else in its place is kept.
  if (smfi_opensocket(true) != MI_SUCCESS) return fail("libmilter cannot listen");
  filter.waker = Waker(connection);
  return true;
}

std::string library_version_text() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  smfi_version(&major, &minor, &patch);
  return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
}

int run_filter() {
  auto& filter = library();
  {
    const std::lock_guard lock(filter.mutex);
    filter.running = true;
  }
  const int result = smfi_main();
  const std::lock_guard lock(filter.mutex);
  filter.running = false;
  filter.changed.notify_all();
  return result == MI_SUCCESS ? 0 : 1;
}

bool stop_filter(std::chrono::milliseconds limit) {
  using Time = std::chrono::steady_clock;
  // How long one throw-away connection is given before the next.
  constexpr auto patience = std::chrono::milliseconds(20);

  auto& filter = library();
  const auto end = Time::now() + limit;
  filter.stopping = true;
  // smfi_stop waits for the listener, which sleeps in poll for up to five seconds: it is called
  // aside while connections from here wake the listener. The thread is not joined, because in rare
  // runs libmilter did not come back at all, and the caller must leave the process all the same.
  try {
    std::thread([] { static_cast<void>(smfi_stop()); }).detach();
  } catch (const std::system_error&) {
    static_cast<void>(smfi_stop());  // no thread to be had: then it takes its five seconds
  }
  std::unique_lock lock(filter.mutex);
  while (filter.running || filter.in_flight != 0) {
    const auto now = Time::now();
    if (now >= end) break;
    if (filter.running) filter.waker.wake();
    filter.changed.wait_until(lock, std::min(end, now + patience));
  }
  if (filter.in_flight != 0) return false;
  // libmilter writes a callback's answer after the callback has returned, and says nothing of it.
  constexpr auto for_the_last_answers = std::chrono::milliseconds(50);
  filter.changed.wait_until(lock, std::min(end, Time::now() + for_the_last_answers),
                            [] { return false; });
  return filter.in_flight == 0;
}

}  // namespace postern::milter_door
