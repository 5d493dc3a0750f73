// postern journal erase: the command, without a server.
#include "journal/samples.h"
#include "support/command_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sysexits.h>

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EraseCommand : public testing::CommandTest {
 protected:
  void SetUp() override {
    use("[identity]\nhost = \"mx1.example.org\"\n[journal]\npath = \"/decisions.jsonl\"\n");
    options_.place.root = dir_.path();
  }
};

TEST_F(EraseCommand, FilesWithoutTheAddressWereSaidToBeChanged) {
  auto other = samples::refused_recipient();
  other.transaction.sender = MailAddress::from_envelope("eve@example.com");
  other.transaction.recipient = MailAddress::from_envelope("joe@example.com");
  other.decision.reply.reset();
  other.decision.trail.clear();
  other.sent.reset();
  other.facts = {};
  dir_.write("decisions.jsonl-20261121T120002.500Z", to_json(other) + '\n');
  dir_.write("decisions.jsonl", to_json(samples::refused_recipient()) + '\n');
  options_.dry_run = true;
  EXPECT_EQ(run(Command::journal, {"bob@example.org"}), EX_OK) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("1 record in 1 file would be changed; nothing is."));
  EXPECT_EQ(run(Command::journal, {"nobody@example.org"}), EX_OK);
  EXPECT_THAT(out_.str(), HasSubstr("No record in 2 files holds nobody@example.org."));
}

TEST_F(EraseCommand, AJournalThatIsNotThereHeldNoRecord) {
  for (const bool dry : {false, true}) {
    options_.dry_run = dry;
    options_.journal = dir_ / "nowhere.jsonl";
    EXPECT_EQ(run(Command::journal, {"bob@example.org"}), EX_NOINPUT);
    EXPECT_THAT(out_.str(), IsEmpty());
    EXPECT_THAT(shown(err_), HasSubstr("there is no journal at DIR/nowhere.jsonl"));
  }
}

}  // namespace
}  // namespace postern::cli
