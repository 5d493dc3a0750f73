#include "kit/scene.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace postern {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Digits at the front of `text`, which are taken off; nullopt unless there are `length`.
std::optional<int> take_number(std::string_view& text, std::size_t length) {
  if (text.size() < length) return {};
  int value = 0;
  for (const char c : text.substr(0, length)) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(length);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_day(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return {};
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return {};
  const auto day = take_number(text, 2);
  if (!day || *year < 1970) return {};
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return {};
  return std::chrono::sys_days(date);
}

/// "Z", "+01:00", or nothing for UTC: what is to be taken from the local time.
std::optional<minutes> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z') || take(text, 'z')) return minutes(0);
  const bool west = text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return {};
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return {};
  const auto minute = take_number(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return {};
  const minutes offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

template <typename T>
void forget(Told<T>& told) {
  told = {};
}

}  // namespace

std::chrono::system_clock::time_point usual_scene_time() noexcept {
  using namespace std::chrono_literals;
  return std::chrono::sys_days(2026y / std::chrono::January / 1) + hours(12);
}

std::optional<std::chrono::system_clock::time_point> scene_time(std::string_view text) {
  const auto day = take_day(text);
  if (!day) return {};
  std::chrono::system_clock::time_point time = *day;
  if (text.empty()) return time + hours(12);
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return {};
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return {};
  const auto minute = take_number(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return {};
  time += hours(*hour) + minutes(*minute);
  if (take(text, ':')) {
    const auto second = take_number(text, 2);
    // A leap second is the first of the next minute, as clocks of machines have it.
    if (!second || *second > 60) return {};
    time += seconds(*second);
    if (take(text, '.')) {
      const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
      if (end == 0 || end > 9) return {};
      auto digits = std::string(text.substr(0, end));
      text.remove_prefix(end);
      digits.resize(6, '0');
      time += std::chrono::microseconds(std::stol(digits));
    }
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return {};
  return time - *offset;
}

Scene::Scene() {
  told.door = Door::milter;
  told.time = usual_scene_time();
  const auto none = Told<std::string>::absent();
  told.tls = {none, none, Told<std::int64_t>::absent()};
  told.authentication = {none, none};
  told.helo = none;
  told.extended_smtp = Told<bool>::absent();
  told.declared_size = Told<std::int64_t>::absent();
  told.size = Told<std::int64_t>::absent();
}

void Scene::set_local_client() {
  told.client = {};
  told.client.name = Told<std::string>::absent();
  told.client.reverse_name = Told<std::string>::absent();
}

Stage Scene::end() const {
  if (stage) return *stage;
  if (told.size.is_told()) return Stage::end_of_message;
  if (recipients.size() > 1 || recipient_count) return Stage::data;
  if (!recipients.empty()) return Stage::rcpt;
  if (told.sender.is_told() || told.declared_size.is_told()) return Stage::mail;
  if (told.helo.is_told()) return Stage::helo;
  return Stage::connect;
}

std::optional<KitFault> Scene::fault() const {
  const auto at = end();
  const auto stage_text = "stage \"" + std::string(to_text(at)) + '"';
  if (at >= Stage::mail && !told.sender.is_told()) {
    return KitFault{stage_text + " needs a sender",
                    "add the sender, \"a@example.com\", or \"\" for the one of bounces"};
  }
  if (at >= Stage::rcpt && recipients.empty()) {
    return KitFault{stage_text + " needs a recipient", "add the recipient, \"bob@example.org\""};
  }
  if (at == Stage::rcpt && recipients.size() > 1) {
    return KitFault{
        "stage \"rcpt\" is about one recipient, and these are " + std::to_string(recipients.size()),
        "write a test for each, or stage \"data\""};
  }
  return {};
}

Transaction Scene::before_data(Stage at, const MailAddress& recipient) const {
  auto transaction = told;
  transaction.stage = at;
  transaction.reference = Reference::make(transaction.time, 0, 0);
  transaction.recipient_count = {};
  forget(transaction.size);
  transaction.recipients = {};
  transaction.recipient = {};
  if (at == Stage::rcpt) transaction.recipient = recipient;
  if (at < Stage::mail) {
    forget(transaction.sender);
    forget(transaction.declared_size);
    transaction.queue_id.clear();
  }
  if (at < Stage::helo) {
    forget(transaction.helo);
    forget(transaction.extended_smtp);
  }
  return transaction;
}

Transaction Scene::after_rcpt(Stage at, std::vector<AcceptedRecipient> accepted) const {
  auto transaction = told;
  transaction.stage = at;
  transaction.reference = Reference::make(transaction.time, 0, 0);
  transaction.recipient = {};
  transaction.recipient_count =
      recipient_count.value_or(static_cast<std::int64_t>(accepted.size()));
  if (accepted.size() == 1 && transaction.recipient_count.value() == 1) {
    transaction.recipient = accepted.front().address;
  }
  transaction.recipients = std::move(accepted);
  if (at < Stage::end_of_message) forget(transaction.size);
  return transaction;
}

}  // namespace postern
