#include "support/transactions.h"

namespace postern::test {

Transaction ordinary_transaction(Stage stage) {
  Transaction transaction;
  transaction.stage = stage;
  transaction.door = Door::library;
  transaction.time = std::chrono::system_clock::time_point(std::chrono::seconds(1'750'000'000));
  transaction.reference = Reference::make(transaction.time, 1, 1);
  transaction.client.address = IpAddress::parse("192.0.2.7");
  transaction.client.port = 40'000;
  transaction.client.name = std::string("mail.example.net");
  transaction.client.reverse_name = std::string("mail.example.net");
  transaction.server_address = "203.0.113.1";
  transaction.server_port = 25;
  transaction.tls.version = Told<std::string>::absent();
  transaction.tls.cipher = Told<std::string>::absent();
  transaction.tls.bits = Told<std::int64_t>::absent();
  transaction.authentication.user = Told<std::string>::absent();
  transaction.authentication.mechanism = Told<std::string>::absent();
  if (stage < Stage::helo) return transaction;
  transaction.helo = std::string("mail.example.net");
  transaction.extended_smtp = true;
  if (stage < Stage::mail) return transaction;
  transaction.sender = MailAddress::from_envelope("<alice@example.net>");
  transaction.declared_size = std::int64_t{2000};
  if (stage < Stage::rcpt) return transaction;
  transaction.recipient = MailAddress::from_envelope("<bob@example.org>");
  if (stage < Stage::data) return transaction;
  AcceptedRecipient bob;
  bob.address = transaction.recipient.value();
  transaction.recipients = std::vector<AcceptedRecipient>{bob};
  transaction.recipient_count = std::int64_t{1};
  transaction.queue_id = "4bXyz";
  if (stage < Stage::end_of_message) return transaction;
  transaction.size = std::int64_t{1500};
  return transaction;
}

}  // namespace postern::test
