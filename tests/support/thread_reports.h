// The thread sanitizer's reports in a process that stops libmilter: libmilter destroys its mutexes
// while its workers still take them, and sets one up in smfi_main that smfi_stop takes. Both are
// its own affair and end with the process. The sanitizer's suppressions cannot tell them from races
// in our callbacks, because the functions have no names and every callback's stack ends in
// libmilter; so each report is looked at here.
#pragma once

namespace postern::test {

/// Whether the sanitizer has reported anything that is not libmilter's own affair. False in builds
/// without the thread sanitizer. Thread-safe.
bool threads_raced() noexcept;

}  // namespace postern::test
