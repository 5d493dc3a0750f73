#include "runtime/files.h"

#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace postern {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;
using ::testing::UnorderedElementsAre;

TEST(Files, PutsTheRootBeforeAbsolutePathsOnly) {
  EXPECT_EQ(under_root("/srv/x", "/etc/postern"), "/srv/x/etc/postern");
  EXPECT_EQ(under_root("/srv/x/", "/etc/postern"), "/srv/x/etc/postern");
  EXPECT_EQ(under_root("", "/etc/postern"), "/etc/postern");
  EXPECT_EQ(under_root("/srv/x", "tables/a"), "tables/a");
  EXPECT_EQ(under_root("/srv/x", ""), "");
}

TEST(Files, ReadsAFileOctetForOctet) {
  const TempDir dir;
  const std::string text("a\0b\r\n\xff", 6);
  const auto read = read_file(dir.write("file", text));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, text);
}

TEST(Files, SaysInTheSystemsWordsWhyAFileCannotBeRead) {
  const TempDir dir;
  const auto missing = read_file(dir / "nothing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.problems().front().message, "No such file or directory");
  EXPECT_EQ(missing.problems().front().position.file, dir / "nothing");
  const auto directory = read_file(dir.path());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.problems().front().message, "Is a directory");
}

TEST(Files, DoesNotWaitForTheWriterOfANamedPipe) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  const auto read = read_file(dir / "pipe");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.problems().front().message, HasSubstr("not a regular file"));
}

TEST(Files, FindsTheUsualConfigurationBelowTheRoot) {
  const TempDir dir;
  dir.write("etc/postern/postern.toml", "below");
  ConfigPlace place;
  place.root = dir.path();
  const auto read = disk_reader(place).read(place.config);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, "below");
}

TEST(Files, TakesANamedConfigurationAsItIsAndOtherAbsolutePathsBelowTheRoot) {
  const TempDir dir;
  ConfigPlace place;
  place.config = dir.write("conf/postern.toml", "named");
  dir.write("conf/tables/near", "beside it");
  dir.write("root/etc/postern/table", "below the root");
  place.explicit_config = true;
  place.root = dir / "root";
  const auto reader = disk_reader(place);
  EXPECT_EQ(*reader.read(place.config), "named");
  EXPECT_EQ(*reader.read(dir / "conf/tables/near"), "beside it");
  EXPECT_EQ(*reader.read("/etc/postern/table"), "below the root");
}

TEST(Files, FindsTheFilesOfAPattern) {
  const TempDir dir;
  for (const char* name : {"rules/b.toml", "rules/a.toml", "rules/.hidden.toml", "rules/a.txt"}) {
    dir.write("root/etc/postern/" + std::string(name), "");
  }
  ConfigPlace place;
  place.root = dir / "root";
  const auto found = disk_reader(place).match("/etc/postern/rules/*.toml");
  ASSERT_TRUE(found);
  EXPECT_THAT(*found,
              UnorderedElementsAre("/etc/postern/rules/a.toml", "/etc/postern/rules/b.toml"));
  EXPECT_FALSE(disk_reader(place).match("/etc/postern/nowhere/*.toml"));
}

}  // namespace
}  // namespace postern
