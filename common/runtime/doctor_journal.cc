#include "runtime/control.h"
#include "runtime/doctor_parts.h"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <sys/statvfs.h>

namespace postern {
namespace {

/// Octets that should be free where the journal lies: some 20,000 refusals.
constexpr std::uint64_t least_room = std::uint64_t{100} * 1024 * 1024;

Finding finding(Finding::State state, std::string what, std::string remedy) {
  return {state, std::move(what), std::move(remedy)};
}

std::string value_of(const StatusText& status, std::string_view name) {
  for (const auto& item : status.items()) {
    if (item.name == name) return item.value;
  }
  return {};
}

std::uint64_t number_of(const StatusText& status, std::string_view name) {
  const auto text = value_of(status, name);
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<Finding> folder_trouble(const Settings& settings) {
  const std::filesystem::path file(settings.journal.path);
  const auto folder = file.parent_path().string();
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    return finding(errno == ENOENT ? Finding::State::problem : Finding::State::note,
                   "journal: " + folder + ": " + std::strerror(errno),
                   errno == ENOENT ? "make it, owned by the user Postern runs as (systemd-tmpfiles "
                                     "--create postern.conf)"
                                   : "run the doctor as root");
  }
  const auto user =
      find_known_user(settings.run.user.empty() ? std::string("postern") : settings.run.user);
  if (!user) return std::nullopt;
  // The file is appended to; the folder takes new ones, for closed segments too.
  bool is_folder = true;
  if ((bits_for(*user, status) & 3U) == 3U) {
    if (::stat(file.c_str(), &status) != 0) return std::nullopt;
    if ((bits_for(*user, status) & 6U) == 6U) return std::nullopt;
    is_folder = false;
  }
  const auto what = is_folder ? folder : file.string();
  return finding(Finding::State::problem,
                 "journal: user " + user->identity.name + " may not write to " + what + " " +
                     access_text(status),
                 "chown " + user->identity.name + " " + what);
}

std::optional<Finding> room_trouble(const Settings& settings) {
  const auto folder = std::filesystem::path(settings.journal.path).parent_path().string();
  struct statvfs room {};
  if (::statvfs(folder.c_str(), &room) != 0) return std::nullopt;
  const auto octets = std::uint64_t{room.f_bavail} * room.f_frsize;
  // A file system without a fixed number of files says that it has none at all.
  const bool no_files = room.f_files > 0 && room.f_favail == 0;
  if (octets >= least_room && !no_files) return std::nullopt;
  return finding(Finding::State::problem,
                 "journal: " +
                     (no_files ? std::string("no file can be made")
                               : std::to_string(octets / 1024 / 1024) + " MiB are free") +
                     " where " + folder + " lies",
                 "make room: records that cannot be written are lost");
}

/// What the running server says; nothing when it cannot be asked, which others tell.
std::optional<Finding> lost_records(const Settings& settings, const DoctorPlace& place) {
  if (!settings.listen.control) return std::nullopt;
  const auto answer = ask_control(*settings.listen.control, ControlCommand::status, place.patience);
  if (!answer) {
    if (answer.problems().front().message.find(std::strerror(EACCES)) == std::string::npos) {
      return std::nullopt;
    }
    return finding(Finding::State::note,
                   "the running server tells its counters to root and to its own user only",
                   "run the doctor as root");
  }
  const auto status = StatusText::decode(answer->text);
  const auto error = value_of(status, "journal.last_error");
  const auto full = number_of(status, "journal.lost_queue_full");
  const auto failed = number_of(status, "journal.lost_write_failed");
  if (error.empty() && full + failed == 0) return std::nullopt;
  // Counters begin with the worker; what was lost once stays on them.
  return finding(error.empty() ? Finding::State::warning : Finding::State::problem,
                 "journal: " + std::to_string(full + failed) + " records lost (" +
                     std::to_string(full) + " by a full queue, " + std::to_string(failed) +
                     " by failed writes)" + (error.empty() ? "" : "; last error: " + error),
                 error.empty() ? "it writes again; a restart sets the count to 0"
                               : "see to that file and its disk; `postern explain` cannot tell of "
                                 "lost records, the mail log has their lines");
}

}  // namespace

std::vector<Finding> examine_journal(const Settings& settings, const DoctorPlace& place) {
  if (settings.journal.path.empty()) {
    return {finding(Finding::State::note, "the policy keeps no journal",
                    "set journal.path, if `postern explain` shall have something to tell")};
  }
  std::vector<Finding> findings;
  for (auto trouble :
       {folder_trouble(settings), room_trouble(settings), lost_records(settings, place)}) {
    if (trouble) findings.push_back(std::move(*trouble));
  }
  if (findings.empty()) {
    findings.push_back(finding(Finding::State::well, "journal: " + settings.journal.path, {}));
  }
  return findings;
}

}  // namespace postern
