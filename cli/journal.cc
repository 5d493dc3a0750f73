// postern journal erase: takes a mail address out of the records of decisions.
#include "cli/commands.h"
#include "cli/known_addresses.h"
#include "cli/load.h"
#include "journal/address_key.h"
#include "journal/erase.h"
#include "journal/journal_parts.h"
#include "model/text.h"
#include "runtime/control.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <sys/stat.h>
#include <sysexits.h>
#include <thread>
#include <unistd.h>

namespace postern::cli {
namespace {

/// The server's journal waits five seconds for a disk that hangs, and for a reload before it.
constexpr std::chrono::milliseconds reopen_patience{60'000};
/// The server compresses a few segments in that time, and lets go between rounds.
constexpr std::chrono::minutes longest_wait{5};
constexpr std::chrono::milliseconds between_looks{100};

/// While it lives, root acts as the owner of the journal's folder: what is made belongs to the
/// server's user, and nothing that this user has put there leads root astray.
class AsOwner {
 public:
  explicit AsOwner(const std::string& journal) {
    struct stat status {};
    const auto folder = journal.substr(0, journal.rfind('/') + 1);
    if (::geteuid() != 0 || ::stat(folder.empty() ? "." : folder.c_str(), &status) != 0) return;
    if (status.st_uid == 0) return;
    if (::setegid(status.st_gid) != 0) return;
    changed_ = ::seteuid(status.st_uid) == 0;
    owner_ = status.st_uid;
  }
  ~AsOwner() { back(); }
  AsOwner(const AsOwner&) = delete;
  AsOwner& operator=(const AsOwner&) = delete;

  /// Root again for one call: the control socket may be root's.
  template <typename Work>
  auto as_root(Work work) const {
    if (changed_ && ::seteuid(0) != 0) ::_exit(EX_OSERR);
    auto result = work();
    if (changed_ && ::seteuid(owner_) != 0) ::_exit(EX_OSERR);
    return result;
  }

 private:
  void back() const {
    if (changed_ && (::seteuid(0) != 0 || ::setegid(0) != 0)) ::_exit(EX_OSERR);
  }
  bool changed_ = false;
  uid_t owner_ = 0;
};

struct Place {
  JournalSettings journal;
  std::string address_key;
  std::optional<ListenAddress> control;
};

Place place_of(const Options& options, Terminal terminal) {
  Settings settings;
  if (const auto loaded = load_policy(options.place)) {
    settings = loaded->policy->settings();
  } else {
    terminal.err << "postern: the policy cannot be read (postern check tells why); going by its "
                    "[listen] and [journal] alone\n";
    settings = settings_alone(options.place);
  }
  settings = settings_on_disk(settings, options.place.root);
  const auto of_policy = settings.journal;
  if (!options.journal.empty()) settings.journal.path = options.journal;
  if (!options.control.empty()) {
    const auto address = ListenAddress::parse(options.control);
    settings.listen.control = address ? std::optional(*address) : std::nullopt;
  }
  return {settings.journal, address_key_of(of_policy, settings.journal.path),
          settings.listen.control};
}

/// What was hidden with the key is found with it.
Result<AddressMask> mask_of(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return AddressMask();
  const auto key = read_address_key(path);
  if (!key) return key.problems();
  return AddressMask::hashed(*key);
}

Problems reopen(const Place& place) {
  if (!place.control) {
    return {plain_problem("a server writes to " + place.journal.path +
                              ", and there is no control socket to ask it to leave the file",
                          "stop it, or name its control socket with --control")};
  }
  const auto answer = ask_control(*place.control, ControlCommand::reopen, reopen_patience);
  if (!answer) return answer.problems();
  if (answer->exit_code == EX_OK) return {};
  return {plain_problem("the server cannot open its journal anew: " + answer->text)};
}

/// Nothing of a journal of that name is there; empty: something is.
Problems absent(const std::string& journal) {
  const auto parts = parts_of(journal);
  const bool any = std::any_of(parts.begin(), parts.end(), [&](const JournalPart& part) {
    return part.opened || ::access(part.path.c_str(), F_OK) == 0 || errno != ENOENT;
  });
  if (any) return {};
  return {plain_problem("there is no journal at " + journal,
                        "the key journal.path of the configuration names the journal")};
}

std::string lines_text(std::uint64_t lines) {
  return std::to_string(lines) + (lines == 1 ? " record" : " records");
}

void tell(const Erasure& erasure, const std::string& address, EraseMode mode, Terminal terminal) {
  const bool counts = mode == EraseMode::count;
  for (const auto& file : erasure.files) {
    terminal.out << file.path << ": " << lines_text(file.lines)
                 << (counts ? (file.lines == 1 ? " holds it" : " hold it") : " changed") << '\n';
  }
  const auto files_text = [](std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " file" : " files");
  };
  const auto files = files_text(erasure.lines == 0 ? erasure.looked_into : erasure.files.size());
  if (erasure.lines == 0 && erasure.hidden > 0) {
    terminal.out << "No record in " << files << " holds " << address << " as it is written here.\n";
  } else if (erasure.lines == 0) {
    terminal.out << "No record in " << files << " holds " << address << ".\n";
  } else if (counts) {
    terminal.out << lines_text(erasure.lines) << " in " << files
                 << " would be changed; nothing is.\n";
  } else {
    terminal.out << address << " is erased from " << lines_text(erasure.lines) << " in " << files
                 << ". " << erased_address << " stands in its place.\n";
  }
  terminal.out << "Not looked into: the mail log, the kept policies (rules and lists that name the "
                  "address),\ncopies and backups of the journal, and records that have only its "
                  "domain.\n";
}

}  // namespace

int journal(const Options& options, Terminal terminal) {
  const auto place = place_of(options, terminal);
  if (place.journal.path.empty()) {
    terminal.err << "postern: the policy keeps no journal (journal.path is empty)\n";
    return EX_UNAVAILABLE;
  }
  const auto mask = mask_of(place.address_key);
  if (!mask) {
    terminal.err << render(mask.problems());
    return EX_NOINPUT;
  }
  const auto& word = options.words.front();
  const auto eraser = AddressEraser::parse(word, *mask);
  if (!eraser) {
    terminal.err << "postern: " << clean_for_terminal(word)
                 << " is neither an address as in bob@example.org nor the name of somebody\n";
    return EX_USAGE;
  }
  if (const auto problems = absent(place.journal.path); !problems.empty()) {
    terminal.err << render(problems, terminal.glyphs);
    return EX_NOINPUT;
  }
  const auto mode = options.dry_run ? EraseMode::count : EraseMode::erase;
  const AsOwner owner(place.journal.path);
  const auto until = std::chrono::steady_clock::now() + longest_wait;
  EraseSteps steps;
  steps.reopen = [&] { return owner.as_root([&] { return reopen(place); }); };
  steps.go_on = [until] {
    std::this_thread::sleep_for(between_looks);
    return std::chrono::steady_clock::now() < until;
  };
  const auto erasure = erase_address(place.journal.path, *eraser, mode, steps);
  if (!erasure) {
    terminal.err << render(erasure.problems());
    return EX_TEMPFAIL;
  }
  tell(*erasure, clean_for_terminal(eraser->text()), mode, terminal);
  if (!erasure->problems.empty()) {
    terminal.err << render(erasure->problems)
                 << "postern: not everything could be done; call it again when that is mended\n";
    return EX_CANTCREAT;
  }
  if (erasure->hidden == 0) return EX_OK;
  terminal.err << "postern: " << lines_text(erasure->hidden)
               << (erasure->hidden == 1 ? " has" : " have")
               << " hashes that may be of it. Nobody can tell without their key, and there is none "
                  "at\n"
               << clean_for_terminal(place.address_key)
               << " (journal.addresses_key says where it is)\n";
  return EX_NOINPUT;
}

}  // namespace postern::cli
