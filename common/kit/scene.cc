#include "kit/scene.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace postern {
namespace {

template <typename T>
void forget(Told<T>& told) {
  told = {};
}

}  // namespace

std::chrono::system_clock::time_point usual_scene_time() noexcept {
  using namespace std::chrono_literals;
  return std::chrono::sys_days(2026y / std::chrono::January / 1) + 12h;
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
