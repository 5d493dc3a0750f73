#include "reply/pages.h"

#include "cli/commands.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

namespace postern::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TempDir;

constexpr const char* policy = R"([identity]
host = "mx1.example.org"
contact = "postmaster@example.org"
help = "https://mail.example.org/why/{reason}#{ref}"

[reason.spam]
text = "We take this for spam."
texts = { de = "Wir halten das fuer Spam." }
)";

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

std::size_t page_count() {
  const auto reasons = all_reasons();
  return 1 + static_cast<std::size_t>(std::count_if(reasons.begin(), reasons.end(), has_page));
}

class Pages : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.command = Command::pages;
    options_.place.config = dir_.write("postern.toml", policy);
    options_.place.explicit_config = true;
    options_.words = {site_};
  }
  int run() {
    out_.str("");
    err_.str("");
    return run_command(options_, {out_, err_});
  }
  std::string written(std::size_t pages) const {
    return site_ + ": " + std::to_string(pages) + (pages == 1 ? " page" : " pages") + " written, " +
           std::to_string(page_count() - pages) + " left as they were\n";
  }

  TempDir dir_;
  std::string site_ = dir_ / "why";
  Options options_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Pages, AreWrittenForAWebServerWhateverTheUmask) {
  const auto umask = ::umask(0077);
  EXPECT_EQ(run(), EX_OK);
  ::umask(umask);
  EXPECT_EQ(out_.str(), written(page_count()));
  EXPECT_THAT(err_.str(), IsEmpty());
  EXPECT_EQ(mode_of(site_), 0755U);
  EXPECT_EQ(mode_of(site_ + "/index.html"), 0644U);
  EXPECT_EQ(mode_of(site_ + "/dnsbl-listed"), 0755U);
  EXPECT_EQ(mode_of(site_ + "/dnsbl-listed/index.html"), 0644U);
  const auto page = text_of(site_ + "/spam/index.html");
  EXPECT_THAT(page, HasSubstr("We take this for spam."));
  EXPECT_THAT(page, HasSubstr("<p lang=\"de\">Wir halten das fuer Spam.</p>"));
  EXPECT_THAT(page, HasSubstr("mailto:postmaster@example.org"));
}

TEST_F(Pages, ThatSayWhatTheySaidAreLeftAsTheyWere) {
  ASSERT_EQ(run(), EX_OK);
  EXPECT_EQ(run(), EX_OK);
  EXPECT_EQ(out_.str(), written(0));
  dir_.write("why/greylisted/index.html", std::string(page_mark) + " of an older version");
  EXPECT_EQ(run(), EX_OK);
  EXPECT_EQ(out_.str(), written(1));
  EXPECT_THAT(text_of(site_ + "/greylisted/index.html"), HasSubstr("</html>"));
}

TEST_F(Pages, AreNotWrittenBesideFilesOfOthers) {
  dir_.write("why/index.html", "<html>the home page of somebody</html>");
  dir_.write("why/cats/tom.jpg", "");
  EXPECT_EQ(run(), EX_CANTCREAT);
  EXPECT_THAT(err_.str(), HasSubstr("holds what is no help page: cats, index.html; nothing"));
  EXPECT_THAT(err_.str(), HasSubstr("--force"));
  EXPECT_FALSE(std::filesystem::exists(site_ + "/spam"));
  EXPECT_THAT(text_of(site_ + "/index.html"), HasSubstr("somebody"));

  options_.force = true;
  EXPECT_EQ(run(), EX_OK);
  EXPECT_THAT(text_of(site_ + "/index.html"), HasSubstr("refuses mail"));
  EXPECT_TRUE(std::filesystem::exists(site_ + "/cats/tom.jpg"));
}

TEST_F(Pages, OfAnotherVersionAndLeftoversOfAKilledRunAreOurs) {
  dir_.write("why/a-reason-of-old/index.html", std::string(page_mark));
  dir_.write("why/.index.html.new", "half of a pa");
  dir_.write("why/spam/.index.html.new", "");
  EXPECT_EQ(run(), EX_OK) << err_.str();
  EXPECT_EQ(text_of(site_ + "/a-reason-of-old/index.html"), page_mark);
  EXPECT_FALSE(std::filesystem::exists(site_ + "/.index.html.new"));
  EXPECT_FALSE(std::filesystem::exists(site_ + "/spam/.index.html.new"));
}

TEST_F(Pages, FollowNoLink) {
  const auto other = dir_.write("other/index.html", "somebody's");
  std::filesystem::create_directories(site_);
  std::filesystem::create_symlink(dir_ / "other", site_ + "/spam");
  std::filesystem::create_symlink(other, site_ + "/index.html");
  EXPECT_EQ(run(), EX_CANTCREAT);
  EXPECT_THAT(err_.str(), HasSubstr("no help page: index.html, spam;"));
  options_.force = true;
  EXPECT_EQ(run(), EX_CANTCREAT);
  EXPECT_THAT(err_.str(), HasSubstr("why/spam/index.html"));
  EXPECT_EQ(text_of(other), "somebody's");
  EXPECT_FALSE(std::filesystem::is_symlink(site_ + "/index.html"));

  std::filesystem::create_symlink(dir_ / "other", dir_ / "link");
  options_.words = {dir_ / "link"};
  EXPECT_EQ(run(), EX_CANTCREAT);
  EXPECT_THAT(err_.str(), HasSubstr("is a symbolic link"));
  EXPECT_THAT(err_.str(), HasSubstr("name the folder that it leads to"));
}

TEST_F(Pages, SayWhyTheyCannotBeWritten) {
  options_.words = {dir_ / "nowhere/why"};
  EXPECT_EQ(run(), EX_CANTCREAT);
  EXPECT_THAT(err_.str(), HasSubstr("there is no folder to make"));
  options_.words = {dir_.write("file", "")};
  EXPECT_EQ(run(), EX_CANTCREAT);
  EXPECT_THAT(err_.str(), HasSubstr("Not a directory"));
  options_.words = {site_};
  dir_.write("postern.toml", "broken = ");
  EXPECT_EQ(run(), EX_CONFIG);
  EXPECT_FALSE(std::filesystem::exists(site_));
}

TEST_F(Pages, TellThatNoReplyLeadsToThem) {
  dir_.write("postern.toml", "[identity]\nhost = \"mx1.example.org\"\n");
  EXPECT_EQ(run(), EX_OK);
  EXPECT_THAT(err_.str(), HasSubstr("identity.help is not set, so no reply leads to these pages"));
  dir_.write("postern.toml",
             "[identity]\nhost = \"mx1.example.org\"\nhelp = \"https://e.example/\"\n");
  EXPECT_EQ(run(), EX_OK);
  EXPECT_THAT(err_.str(), HasSubstr("identity.help has no {reason}, so no reply leads to these"));
}

}  // namespace
}  // namespace postern::cli
