#include <array>
#include <cerrno>
#include <csignal>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/finals.h"
#include "daemon/found_node.h"
#include "daemon/log.h"
#include "daemon/node_entry.h"
#include "daemon/operations.h"
#include "entry/enter.h"

namespace vpclab::daemon {

namespace {

constexpr std::size_t kMaxReport = 8192;
// How late the end of the daemon is noticed.
constexpr int kLookMilliseconds = 200;

// All of the report; empty where the daemon ends before.
std::string waitForReport(int pipe, const Session& session) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    pollfd entry{pipe, POLLIN, 0};
    const int ready = ::poll(&entry, 1, kLookMilliseconds);
    if (session.ending()) {
      return {};
    }
    if (ready <= 0) {
      continue;
    }
    const ssize_t size = ::read(pipe, buffer.data(), buffer.size());
    if (size > 0 && text.size() < kMaxReport) {
      text.append(buffer.data(), static_cast<std::size_t>(size));
    } else if (size == 0 || errno != EINTR) {
      return text;
    }
  }
}

}  // namespace

api::Final execInNode(Engine& engine, const api::ExecRequest& request, Session& session) {
  const auto peer = session.peer();
  if (peer.uid == 0) {
    return failed(base::Error(base::ErrorKind::kInvalid, "root enters a node by itself, not by the daemon"));
  }
  const auto found = findNode(engine, request.lab, request.node);
  if (!found) {
    return failed(found.error());
  }
  const std::string where = found->lab + "/" + found->node.id;
  auto entry = startEntry(engine.options().program, engine.system().pinPath(found->lab, found->node.id), found->node.id,
                          session.socket());
  if (!entry) {
    return failed(std::move(entry.error()).context("exec in " + where));
  }
  logInfo("exec in " + where + ": by uid " + std::to_string(peer.uid) + ", pid " + std::to_string(peer.pid));
  const std::string told = waitForReport(entry->report.get(), session);
  if (told.empty()) {
    // Its first process follows it, and all others that.
    ::kill(entry->pid, SIGKILL);
  }
  while (::waitpid(entry->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (told.empty() && session.ending()) {
    return failed(base::Error(base::ErrorKind::kCancelled, "the daemon is ending"));
  }
  const auto report = entry::decodeReport(told);
  auto final = finalOf(report.error.empty() ? api::Exit::kOk : api::Exit::kFailed, {{"status", report.status}});
  if (!report.error.empty()) {
    final.errors.push_back(report.error);
  }
  return final;
}

}  // namespace vpclab::daemon
