// MaintenanceFile: where a maintenance is written down, so that it survives a restart. A few lines,
// written as a whole, read strictly.
#pragma once

#include "postern/result.h"
#include "rules/maintenance.h"
#include "rules/settings.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern {

/// Longer than senders wait before they give a message up (RFC 5321 4.5.4.1 asks for four or five
/// days) would lose mail.
inline constexpr std::chrono::hours longest_maintenance{72};

/// Beside the journal, which the service may write to: "/var/log/postern/maintenance"; without a
/// journal below /var/lib/postern. `journal` is as it is on disk; the usual folder is put below
/// `root`.
std::string maintenance_path(const JournalSettings& journal, const std::string& root);

/// "2h", "14:00" (the next one by the clock of this machine), or RFC 3339. Problems: it is none of
/// these, is past, or is later than longest_maintenance from `now`.
Result<std::chrono::system_clock::time_point> maintenance_end(
    std::string_view text, std::chrono::system_clock::time_point now);

std::string encode_maintenance(const Maintenance& maintenance);
/// Problems: anything but what encode_maintenance writes. `file` becomes the maintenance's.
Result<Maintenance> decode_maintenance(std::string_view text, const std::string& file);

/// What stands in the file, whether it is over or not; nullopt: there is no file. Problems: it
/// cannot be read, is no regular file, or holds something else.
Result<std::optional<Maintenance>> read_maintenance(const std::string& path);
/// Replaces the file as a whole. Problems: the system's words.
Problems write_maintenance(const std::string& path, const Maintenance& maintenance);
/// Takes the file away; no problem when there is none.
Problems remove_maintenance(const std::string& path);

}  // namespace postern
