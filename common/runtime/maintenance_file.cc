#include "runtime/maintenance_file.h"

#include "model/text.h"
#include "model/time_text.h"
#include "runtime/files.h"
#include "system/unique_fd.h"
#include "system/write_all.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern {
namespace {

using Time = std::chrono::system_clock::time_point;

/// Octets; a text has 179 at most.
constexpr std::size_t longest_file = 1024;
constexpr std::string_view first_line = "postern maintenance 1";

Problem system_problem(const std::string& what, const std::string& path) {
  return plain_problem("cannot " + what + " " + path + ": " + std::strerror(errno));
}

/// The number that `text` has at `at`; -1: it has not `count` digits there.
int number_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  for (auto i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/// RFC 3339 whole: a day alone would end at its noon, which nobody means.
std::optional<Time> whole_time(std::string_view text) {
  constexpr std::size_t shortest = std::string_view("2026-11-21T14:10:00Z").size();
  return text.size() < shortest ? std::nullopt : time_from_text(text);
}

/// "14:00": the next time that this machine's clock shows it.
std::optional<Time> next_time_of_day(std::string_view text, Time now) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon > 2 || text.size() != colon + 3) {
    return {};
  }
  const int hours = number_at(text, 0, colon);
  const int minutes = number_at(text, colon + 1, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return {};
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  for (int days = 0; days < 2; ++days) {
    auto then = parts;
    then.tm_mday += days;
    then.tm_hour = hours;
    then.tm_min = minutes;
    then.tm_sec = 0;
    then.tm_isdst = -1;
    const auto time = std::chrono::system_clock::from_time_t(std::mktime(&then));
    if (time > now) return time;
  }
  return {};
}

/// The rest of `line` behind "key "; nullopt: it begins otherwise.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') return {};
  return line.substr(key.size() + 1);
}

/// Else a crash of the machine may bring back what stood in the folder before. False: see errno.
bool sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(1, slash));
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return false;
  // EINVAL: a file system that has nothing of the kind.
  return ::fsync(fd.get()) == 0 || errno == EINVAL;
}

}  // namespace

std::string maintenance_path(const JournalSettings& journal, const std::string& root) {
  const auto slash = journal.path.rfind('/');
  const std::string folder = slash == std::string::npos ? under_root(root, "/var/lib/postern")
                                                        : journal.path.substr(0, slash);
  return folder + "/maintenance";
}

Result<Time> maintenance_end(std::string_view text, Time now) {
  std::optional<Time> end;
  if (const auto length = parse_duration(text)) {
    end = now + *length;
  } else if (text.find('-') != std::string_view::npos) {
    end = whole_time(text);
  } else {
    end = next_time_of_day(text, now);
  }
  if (!end) {
    return plain_problem("\"" + clean_for_terminal(text) + "\" is not a time",
                         "write \"2h\", \"14:00\" or \"2026-11-21T14:00:00Z\"");
  }
  const auto rounded = std::chrono::floor<std::chrono::seconds>(*end);
  if (rounded <= now) return plain_problem("that time is past, " + utc_text(rounded));
  if (rounded > now + longest_maintenance) {
    return plain_problem("that is later than three days from now, " + utc_text(rounded),
                         "mail servers give a message up after four or five days; put the end off "
                         "later, if it must be");
  }
  return Time(rounded);
}

std::string encode_maintenance(const Maintenance& maintenance) {
  std::string text(first_line);
  text += "\nuntil " + utc_text(maintenance.until);
  text += "\ncode " + std::string(maintenance.ends_sessions ? "421" : "451") + "\n";
  if (!maintenance.text.empty()) text += "text " + maintenance.text + "\n";
  return text;
}

Result<Maintenance> decode_maintenance(std::string_view text, const std::string& file) {
  const auto refuse = [](const std::string& what) {
    return plain_problem("this is no maintenance: " + what,
                         "\"postern maintenance off\" takes the file away");
  };
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return refuse("the last line has no end");
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (lines.size() < 3 || lines.size() > 4 || lines[0] != first_line) {
    return refuse("it does not begin with \"" + std::string(first_line) + "\" and two lines");
  }
  Maintenance maintenance;
  maintenance.file = file;
  const auto until = value_of(lines[1], "until");
  const auto time = until ? whole_time(*until) : std::nullopt;
  if (!time) return refuse("the second line does not say until when");
  maintenance.until = *time;
  const auto code = value_of(lines[2], "code");
  if (code != "421" && code != "451") return refuse("the third line does not say 421 or 451");
  maintenance.ends_sessions = *code == "421";
  if (lines.size() == 4) {
    const auto words = value_of(lines[3], "text");
    if (!words) return refuse("the fourth line is no text");
    maintenance.text = *words;
  }
  if (const auto fault = maintenance_fault(maintenance); !fault.empty()) return refuse(fault);
  return maintenance;
}

Result<std::optional<Maintenance>> read_maintenance(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Maintenance>{};
    return system_problem("read", path);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_problem("read", path);
  if (!S_ISREG(status.st_mode)) return plain_problem(path + " is not a regular file");
  std::array<char, longest_file + 1> room{};
  std::size_t size = 0;
  while (size < room.size()) {
    const auto got = ::read(fd.get(), room.data() + size, room.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_problem("read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > longest_file) return plain_problem(path + " is longer than a maintenance");
  auto decoded = decode_maintenance(std::string_view(room.data(), size), path);
  if (!decoded) {
    auto problem = decoded.problems().front();
    problem.message = path + ": " + problem.message;
    return problem;
  }
  return std::optional<Maintenance>(std::move(*decoded));
}

Problems write_maintenance(const std::string& path, const Maintenance& maintenance) {
  // Beside it, so that the rename is one step; a name of its own, never one that is there.
  const auto scratch = path + "." + std::to_string(::getpid());
  const auto text = encode_maintenance(maintenance);
  {
    const UniqueFd fd(
        ::open(scratch.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (fd.get() < 0) return {system_problem("write", scratch)};
    // Whatever the umask says: the service reads it as another user.
    const bool written =
        ::fchmod(fd.get(), 0644) == 0 && write_all(fd.get(), text) && ::fsync(fd.get()) == 0;
    if (!written) {
      const auto problem = system_problem("write", scratch);
      ::unlink(scratch.c_str());
      return {problem};
    }
  }
  if (std::rename(scratch.c_str(), path.c_str()) != 0) {
    const auto problem = system_problem("write", path);
    ::unlink(scratch.c_str());
    return {problem};
  }
  if (!sync_folder_of(path)) return {system_problem("write down for good", path)};
  return {};
}

Problems remove_maintenance(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return {system_problem("remove", path)};
  }
  if (!sync_folder_of(path)) return {system_problem("remove for good", path)};
  return {};
}

}  // namespace postern
