#include "kit/scene.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

Scene whole_scene() {
  Scene scene;
  scene.told.client.address = IpAddress::parse("192.0.2.1");
  scene.told.helo = std::string("mail.example.net");
  scene.told.sender = MailAddress::from_envelope("a@example.net");
  scene.told.declared_size = std::int64_t{1000};
  scene.told.size = std::int64_t{900};
  scene.told.queue_id = "4bXyz";
  scene.recipients = {MailAddress::from_envelope("bob@example.org")};
  return scene;
}

TEST(Scene, EndsAtTheStageAtWhichAllIsKnown) {
  Scene scene;
  EXPECT_EQ(scene.end(), Stage::connect);
  scene.told.helo = std::string("mail.example.net");
  EXPECT_EQ(scene.end(), Stage::helo);
  scene.told.sender = MailAddress();
  EXPECT_EQ(scene.end(), Stage::mail);
  scene.recipients.push_back(MailAddress::from_envelope("bob@example.org"));
  EXPECT_EQ(scene.end(), Stage::rcpt);
  scene.recipients.push_back(MailAddress::from_envelope("eve@example.org"));
  EXPECT_EQ(scene.end(), Stage::data);
  scene.told.size = std::int64_t{1};
  EXPECT_EQ(scene.end(), Stage::end_of_message);
  scene.stage = Stage::helo;
  EXPECT_EQ(scene.end(), Stage::helo);
}

TEST(Scene, TellsNoMoreThanTheMailServerKnowsAtAStage) {
  const auto scene = whole_scene();
  const auto bob = scene.recipients.front();
  const auto connect = scene.before_data(Stage::connect, bob);
  EXPECT_FALSE(connect.helo.is_told());
  EXPECT_FALSE(connect.sender.is_told());
  EXPECT_FALSE(connect.recipient.is_told());
  EXPECT_FALSE(connect.reference.empty());
  const auto helo = scene.before_data(Stage::helo, bob);
  EXPECT_TRUE(helo.helo.is_told());
  EXPECT_EQ(helo.declared_size.state(), Told<std::int64_t>::State::not_told);
  const auto mail = scene.before_data(Stage::mail, bob);
  EXPECT_TRUE(mail.sender.is_told());
  EXPECT_FALSE(mail.recipient.is_told());
  const auto rcpt = scene.before_data(Stage::rcpt, bob);
  EXPECT_EQ(rcpt.recipient.value(), bob);
  EXPECT_FALSE(rcpt.recipients.is_told());
  EXPECT_FALSE(rcpt.size.is_told());
}

TEST(Scene, TellsTheRecipientsBehindRcpt) {
  const auto scene = whole_scene();
  AcceptedRecipient bob{scene.recipients.front(), false, {}, {}};
  const auto data = scene.after_rcpt(Stage::data, {bob});
  EXPECT_EQ(data.recipient.value(), bob.address);
  EXPECT_EQ(data.recipient_count.value(), 1);
  EXPECT_FALSE(data.size.is_told());
  const auto several = scene.after_rcpt(Stage::end_of_message, {bob, bob});
  EXPECT_FALSE(several.recipient.is_told());
  EXPECT_EQ(several.recipients.value().size(), 2U);
  EXPECT_EQ(several.size.value(), 900);
}

TEST(Scene, SaysWhatItLacks) {
  auto scene = whole_scene();
  EXPECT_FALSE(scene.fault());
  scene.recipients.push_back(scene.recipients.front());
  EXPECT_FALSE(scene.fault());
  scene.stage = Stage::rcpt;
  EXPECT_EQ(scene.fault()->message, "stage \"rcpt\" is about one recipient, and these are 2");
  scene.recipients.clear();
  EXPECT_EQ(scene.fault()->message, "stage \"rcpt\" needs a recipient");
  scene.told.sender = {};
  EXPECT_EQ(scene.fault()->message, "stage \"rcpt\" needs a sender");
}

}  // namespace
}  // namespace postern
