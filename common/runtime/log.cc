#include "runtime/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

namespace postern {
namespace {

enum class Style { plain, prefixed, syslog };

struct Target {
  std::shared_ptr<spdlog::logger> logger;
  Style style = Style::plain;
};

std::mutex target_mutex;

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

/// What systemd's journal reads at the start of a line of standard error (sd-daemon(3)).
const char* priority_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "<7>";
    case LogLevel::info:
      return "<6>";
    case LogLevel::warning:
      return "<4>";
    case LogLevel::error:
      break;
  }
  return "<3>";
}

const char* level_word(LogLevel level) {
  if (level == LogLevel::warning) return "warning: ";
  if (level == LogLevel::error) return "error: ";
  return "";
}

/// JOURNAL_STREAM is inherited by whatever a unit starts; only if it names our standard error does
/// the journal read it (systemd.exec(5)).
bool journal_reads_standard_error() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

Target standard_error(Style style) {
  Target target{std::make_shared<spdlog::logger>("postern",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>()),
                style};
  target.logger->set_pattern(style == Style::prefixed ? "%v"
                                                      : "%Y-%m-%dT%H:%M:%S.%e postern[%P]: %v");
  return target;
}

Target syslog_target() {
  Target target{
      std::make_shared<spdlog::logger>("postern", std::make_shared<spdlog::sinks::syslog_sink_mt>(
                                                      "postern", LOG_PID, LOG_MAIL, false)),
      Style::syslog};
  target.logger->set_pattern("%v");
  return target;
}

Target open_target(LogTarget wish) {
  if (wish == LogTarget::syslog) return syslog_target();
  if (journal_reads_standard_error()) return standard_error(Style::prefixed);
  const bool somebody_watches = wish == LogTarget::standard_error || ::isatty(STDERR_FILENO) == 1;
  // A container often has no syslog; messages to nobody would be the worst of all targets.
  if (!somebody_watches && ::access("/dev/log", F_OK) == 0) return syslog_target();
  return standard_error(Style::plain);
}

Target& current() {
  // Never destroyed: threads may log until the process has left.
  static auto* const target = new Target(standard_error(Style::plain));
  return *target;
}

void write(const Target& target, LogLevel level, std::string_view line) {
  std::string text = target.style == Style::prefixed ? priority_prefix(level) : "";
  text += level_word(level);
  text += line;
  target.logger->log(spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace

void start_log(LogTarget wish) {
  auto target = open_target(wish);
  target.logger->set_level(spdlog::level::debug);
  target.logger->flush_on(spdlog::level::debug);
  target.logger->set_error_handler([](const std::string&) {});
  const std::lock_guard lock(target_mutex);
  current() = std::move(target);
}

void log(LogLevel level, std::string_view message) {
  try {
    Target target;
    {
      const std::lock_guard lock(target_mutex);
      target = current();
    }
    // syslog would join the lines with #012; each line alone can be found and read.
    while (true) {
      const auto end = message.find('\n');
      const auto line = message.substr(0, end);
      if (!line.empty()) write(target, level, line);
      if (end == std::string_view::npos) return;
      message.remove_prefix(end + 1);
    }
  } catch (const std::exception&) {
    // A message that cannot be written must not end the thread that had something to say.
    std::fputs("postern: a log message was lost\n", stderr);
  }
}

}  // namespace postern
