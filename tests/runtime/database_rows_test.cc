#include "runtime/lmdb_rows.h"
#include "runtime/sqlite_rows.h"
#include "support/temp_dir.h"
#include "system/unique_fd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <lmdb.h>
#include <random>
#include <sqlite3.h>
#include <string>
#include <utility>
#include <vector>

namespace postern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempDir;

std::string shown(const DatabaseRow& row) {
  std::string text(row.key);
  if (row.value) text += "=" + std::string(*row.value);
  if (!row.until.empty()) text += " until " + std::string(row.until);
  if (!row.note.empty()) text += " (" + std::string(row.note) + ')';
  return text;
}

void sql(const std::string& file, const std::string& statements) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, statements.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  sqlite3_close(database);
}

/// Rows, and problems behind "! ".
std::vector<std::string> rows_of(const std::string& file, const std::string& query,
                                 const DatabaseLimits& limits = {}) {
  std::vector<std::string> rows;
  const auto problems = sqlite_rows(
      file, query, [&](const DatabaseRow& row) { rows.push_back(shown(row)); }, limits);
  for (const auto& problem : problems) rows.push_back("! " + problem.message);
  return rows;
}

TEST(SqliteRows, GiveEntriesWithWhatTheirColumnsAreCalled) {
  const TempDir dir;
  const auto file = dir / "t.sqlite";
  sql(file,
      "CREATE TABLE m (a, r, e, n); INSERT INTO m VALUES ('b@x', 'two', '2027-01-31', 'note');"
      "INSERT INTO m VALUES ('a@x', NULL, NULL, NULL); INSERT INTO m VALUES (NULL, 1, 2, 3);"
      "INSERT INTO m VALUES (7, '', '', '')");
  EXPECT_THAT(rows_of(file, "SELECT a FROM m ORDER BY a;"), ElementsAre("7", "a@x", "b@x"));
  EXPECT_THAT(
      rows_of(file, "SELECT a, n AS note, r AS value, e AS until FROM m WHERE a > 'b' OR a = 7"),
      ElementsAre("b@x=two until 2027-01-31 (note)", "7="));
  EXPECT_THAT(rows_of(file, "SELECT a, r FROM m"),
              ElementsAre("! column 2 of the query is called \"r\""));
}

TEST(SqliteRows, OnlyReadWhateverTheQuerySays) {
  const TempDir dir;
  const auto file = dir / "t.sqlite";
  sql(file, "CREATE TABLE m (a); INSERT INTO m VALUES ('x')");
  for (const char* query :
       {"DELETE FROM m", "SELECT a FROM m; DELETE FROM m", "PRAGMA journal_mode = WAL",
        "ATTACH 'other' AS o", "", "-- nothing", "SELECT load_extension('x')",
        "SELECT nothing FROM m", "INSERT INTO m VALUES ('y') RETURNING a"}) {
    const auto rows = rows_of(file, query);
    ASSERT_EQ(rows.size(), 1U) << query;
    EXPECT_EQ(rows[0].substr(0, 2), "! ") << query;
  }
  EXPECT_THAT(rows_of(file, "SELECT a FROM m"), ElementsAre("x"));
}

TEST(SqliteRows, HaveBounds) {
  const TempDir dir;
  const auto file = dir / "t.sqlite";
  sql(file, "CREATE TABLE m (a)");
  const std::string endless =
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
  DatabaseLimits few;
  few.rows = 3;
  EXPECT_THAT(rows_of(file, endless, few),
              ElementsAre("1", "2", "3", "! the query gives more rows than a table can hold"));
  DatabaseLimits small;
  small.octets = 2;
  EXPECT_EQ(rows_of(file, endless, small).size(), 3U);
  DatabaseLimits now;
  now.time = std::chrono::seconds(0);
  EXPECT_THAT(rows_of(file, endless + " WHERE x < 0", now),
              ElementsAre("! the query takes longer than 0 seconds"));
}

TEST(SqliteRows, OfAFileThatIsNoneAreAProblem) {
  const TempDir dir;
  EXPECT_THAT(rows_of(dir / "missing", "SELECT 1"), ElementsAre("! unable to open database file"));
  EXPECT_THAT(rows_of(dir.write("text", std::string(4096, 'x')), "SELECT 1 FROM m"),
              ElementsAre("! file is not a database"));
}

/// Writes pairs into an LMDB file; `flags` 0 for a folder.
void put(const std::string& path, unsigned flags, const char* name,
         const std::vector<std::pair<std::string, std::string>>& pairs) {
  MDB_env* environment = nullptr;
  MDB_txn* transaction = nullptr;
  MDB_dbi table = 0;
  ASSERT_EQ(mdb_env_create(&environment), 0);
  mdb_env_set_maxdbs(environment, 2);
  mdb_env_set_mapsize(environment, std::size_t{16} << 20U);
  ASSERT_EQ(mdb_env_open(environment, path.c_str(), flags, 0644), 0);
  ASSERT_EQ(mdb_txn_begin(environment, nullptr, 0, &transaction), 0);
  ASSERT_EQ(mdb_dbi_open(transaction, name, MDB_CREATE, &table), 0);
  for (const auto& [key, value] : pairs) {
    MDB_val k{key.size(), const_cast<char*>(key.data())};
    MDB_val v{value.size(), const_cast<char*>(value.data())};
    ASSERT_EQ(mdb_put(transaction, table, &k, &v, 0), 0);
  }
  ASSERT_EQ(mdb_txn_commit(transaction), 0);
  mdb_env_close(environment);
}

std::vector<std::string> pairs_of(const std::string& path, const std::string& database = {},
                                  const DatabaseLimits& limits = {}) {
  std::vector<std::string> rows;
  const auto problems = lmdb_rows(
      path, database, [&](const DatabaseRow& row) { rows.push_back(shown(row)); }, limits);
  for (const auto& problem : problems) rows.push_back("! " + problem.message);
  return rows;
}

TEST(LmdbRows, AreKeysAndValuesInTheOrderOfKeysWithoutPostfixsZero) {
  const TempDir dir;
  put(dir / "m.lmdb", MDB_NOSUBDIR, nullptr,
      {{"b", "two"}, {std::string("a\0", 2), std::string("one\0", 4)}});
  EXPECT_THAT(pairs_of(dir / "m.lmdb"), ElementsAre("a=one", "b=two"));
  // As postmap leaves it, or a server that may not write there finds it.
  std::filesystem::remove(dir / "m.lmdb-lock");
  EXPECT_THAT(pairs_of(dir / "m.lmdb"), ElementsAre("a=one", "b=two"));
  EXPECT_FALSE(std::filesystem::exists(dir / "m.lmdb-lock"));
}

TEST(LmdbRows, MayBeThoseOfANamedDataBaseInAFolder) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "env");
  put(dir / "env", 0, "names", {{"x", "y"}});
  EXPECT_THAT(pairs_of(dir / "env", "names"), ElementsAre("x=y"));
  EXPECT_THAT(pairs_of(dir / "env", "nomes"),
              ElementsAre("! there is no data base \"nomes\" in it"));
}

TEST(LmdbRows, OfAFileThatIsNoneOrCutOffAreAProblem) {
  const TempDir dir;
  EXPECT_THAT(pairs_of(dir / "missing"), ElementsAre("! No such file or directory"));
  EXPECT_EQ(pairs_of(dir.write("text", std::string(8192, 'x'))).at(0).substr(0, 2), "! ");
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 2000; ++i) many.emplace_back("key" + std::to_string(i), "value");
  put(dir / "m.lmdb", MDB_NOSUBDIR, nullptr, many);
  EXPECT_EQ(pairs_of(dir / "m.lmdb").size(), 2000U);
  std::filesystem::resize_file(dir / "m.lmdb", 12'288);
  EXPECT_THAT(pairs_of(dir / "m.lmdb"), ElementsAre("! the file is cut off"));
}

TEST(LmdbRows, OfADamagedFileDoNotEndTheServer) {
  const TempDir dir;
  const auto file = dir / "m.lmdb";
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 500; ++i) {
    many.emplace_back("key" + std::to_string(1000 + i), std::string(40, 'v'));
  }
  put(file, MDB_NOSUBDIR, nullptr, many);
  std::string sound;
  {
    std::ifstream stream(file, std::ios::binary);
    sound.assign(std::istreambuf_iterator<char>(stream), {});
  }
  ASSERT_EQ(pairs_of(file).size(), 500U);
  std::mt19937 random(4711);
  std::size_t ended = 0;
  for (int i = 0; i < 60; ++i) {
    auto damaged = sound;
    // Behind the two pages that say what the file is.
    for (int j = 0; j < 200; ++j) {
      damaged[8192 + random() % (damaged.size() - 8192)] = static_cast<char>(random());
    }
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    const auto pairs = pairs_of(file);
    if (!pairs.empty() && pairs.back().starts_with("! it cannot be read: the file is damaged")) {
      ++ended;
    }
  }
  // LMDB finds some of the damage itself; this test is about the rest.
  EXPECT_GT(ended, 0U);
}

TEST(LmdbRows, AreNotReadWhilePostmapWrites) {
  const TempDir dir;
  const auto file = dir / "m.lmdb";
  put(file, MDB_NOSUBDIR, nullptr, {{"a", "b"}});
  const UniqueFd writer(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(::fcntl(writer.get(), F_OFD_SETLK, &lock), 0);
  EXPECT_THAT(pairs_of(file), ElementsAre("! it is being written"));
}

TEST(LmdbRows, HaveBounds) {
  const TempDir dir;
  put(dir / "m.lmdb", MDB_NOSUBDIR, nullptr, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  DatabaseLimits few;
  few.rows = 2;
  EXPECT_THAT(pairs_of(dir / "m.lmdb", {}, few),
              ElementsAre("a=1", "b=2", "! it holds more than a table can"));
}

}  // namespace
}  // namespace postern
