#include "daemon/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

namespace vpclab::daemon {

namespace {

constexpr std::size_t kLogBytes = 4U << 20U;
constexpr std::size_t kOldLogs = 1;

thread_local int bursts = 0;

void write(spdlog::level::level_enum level, const std::string& text) {
  spdlog::log(level, "{}", base::printable(text));
}

}  // namespace

base::Result<> startLog(const std::string& file, const std::string& level) {
  try {
    auto logger = file.empty() ? spdlog::stderr_logger_mt("vpclabd")
                               : spdlog::rotating_logger_mt("vpclabd", file, kLogBytes, kOldLogs);
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::warn);
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    spdlog::set_default_logger(std::move(logger));
    return {};
  } catch (const spdlog::spdlog_ex& problem) {
    return base::fail(base::ErrorKind::kSystem, "open the log " + file + ": " + problem.what());
  }
}

void logDebug(const std::string& text) {
  write(spdlog::level::debug, text);
}
void logInfo(const std::string& text) {
  write(spdlog::level::info, text);
  if (bursts == 0) {
    spdlog::default_logger_raw()->flush();
  }
}
void logWarning(const std::string& text) {
  write(spdlog::level::warn, text);
}
void logError(const std::string& text) {
  write(spdlog::level::err, text);
}

LogBurst::LogBurst() {
  ++bursts;
}

LogBurst::~LogBurst() {
  if (--bursts == 0) {
    spdlog::default_logger_raw()->flush();
  }
}

}  // namespace vpclab::daemon
