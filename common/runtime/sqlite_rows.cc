#include "runtime/sqlite_rows.h"

#include <array>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <utility>

namespace postern {
namespace {

constexpr int busy_milliseconds = 5'000;
// Steps of SQLite's machine between two looks at the clock.
constexpr int steps_per_look = 100'000;

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

/// A table reads; whatever else SQL can do is refused before it runs.
int only_reading(void*, int action, const char*, const char* detail, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      // The one function that runs code from a file.
      return detail != nullptr && std::string_view(detail) == "load_extension" ? SQLITE_DENY
                                                                               : SQLITE_OK;
    default:
      return SQLITE_DENY;
  }
}

int too_late(void* until) {
  return std::chrono::steady_clock::now() >
                 *static_cast<std::chrono::steady_clock::time_point*>(until)
             ? 1
             : 0;
}

std::string_view text_at(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

struct Columns {
  int value = -1;
  int until = -1;
  int note = -1;
};

Problems name_columns(sqlite3_stmt* statement, Columns& columns) {
  const std::array<std::pair<std::string_view, int*>, 3> known{
      {{"value", &columns.value}, {"until", &columns.until}, {"note", &columns.note}}};
  for (int i = 1; i < sqlite3_column_count(statement); ++i) {
    const auto* name = sqlite3_column_name(statement, i);
    int* place = nullptr;
    for (const auto& [word, column] : known) {
      if (name != nullptr && word == name) place = column;
    }
    if (place == nullptr) {
      return {plain_problem("column " + std::to_string(i + 1) + " of the query is called \"" +
                                (name == nullptr ? "" : name) + '"',
                            "the first column is the entry; the others are called value, until or "
                            "note, as in SELECT address, reply AS value")};
    }
    *place = i;
  }
  return {};
}

}  // namespace

Problems sqlite_rows(const std::string& path, const std::string& query, const FileReader::Row& row,
                     const DatabaseLimits& limits) {
  sqlite3* opened = nullptr;
  const int status =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  const Database database(opened);
  if (opened == nullptr) return {plain_problem("no memory for SQLite")};
  const auto trouble = [&] { return Problems{plain_problem(sqlite3_errmsg(opened))}; };
  if (status != SQLITE_OK) return trouble();
  sqlite3_busy_timeout(opened, busy_milliseconds);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  auto until = std::chrono::steady_clock::now() + limits.time;
  sqlite3_progress_handler(opened, steps_per_look, too_late, &until);
  sqlite3_set_authorizer(opened, only_reading, nullptr);

  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  if (sqlite3_prepare_v2(opened, query.data(), static_cast<int>(query.size()), &prepared, &rest) !=
      SQLITE_OK) {
    return trouble();
  }
  const Statement statement(prepared);
  const auto left = query.substr(static_cast<std::size_t>(rest - query.data()));
  if (prepared == nullptr || left.find_first_not_of(" \t\r\n;") != std::string::npos ||
      sqlite3_stmt_readonly(prepared) == 0) {
    return {plain_problem("the query is not one SELECT", "as in SELECT address FROM mailboxes")};
  }
  Columns columns;
  auto problems = name_columns(prepared, columns);
  if (!problems.empty()) return problems;

  std::size_t rows = 0;
  std::size_t octets = 0;
  for (int step = sqlite3_step(prepared); step != SQLITE_DONE; step = sqlite3_step(prepared)) {
    if (step == SQLITE_INTERRUPT) {
      return {plain_problem("the query takes longer than " + std::to_string(limits.time.count()) +
                            " seconds")};
    }
    if (step != SQLITE_ROW) return trouble();
    DatabaseRow found;
    found.key = text_at(prepared, 0);
    if (found.key.empty()) continue;  // NULL and nothing are no entries
    if (columns.value >= 0 && sqlite3_column_type(prepared, columns.value) != SQLITE_NULL) {
      found.value = text_at(prepared, columns.value);
    }
    if (columns.until >= 0) found.until = text_at(prepared, columns.until);
    if (columns.note >= 0) found.note = text_at(prepared, columns.note);
    octets += found.key.size() + found.value.value_or("").size() + found.note.size();
    if (++rows > limits.rows || octets > limits.octets) {
      return {plain_problem("the query gives more rows than a table can hold",
                            "at most " + std::to_string(limits.rows) + " rows and " +
                                std::to_string(limits.octets >> 20U) + " MiB")};
    }
    row(found);
  }
  return {};
}

}  // namespace postern
