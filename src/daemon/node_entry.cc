#include "daemon/node_entry.h"

#include <array>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/helper_process.h"
#include "daemon/peer.h"
#include "entry/enter.h"

namespace vpclab::daemon {

base::Result<NodeEntry> startEntry(const std::string& program, const std::string& pin, const std::string& node,
                                   int clientSocket) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return base::failErrno("open a pipe");
  }
  NodeEntry out;
  out.report.reset(ends[0]);
  const base::UniqueFd writing(ends[1]);
  auto started = base::startHelper({{program, "enter", "--pin", pin, "--node", node},
                                    {{clientSocket, entry::kCallerSocket}, {writing.get(), entry::kReportPipe}}});
  if (!started) {
    return base::fail(std::move(started.error()));
  }
  out.pid = *started;
  return out;
}

int runEntry(const std::string& pin, const std::string& node) {
  auto peer = admitPeer(entry::kCallerSocket);
  if (!peer) {
    return base::writeAll(entry::kReportPipe, entry::encodeReport({125, peer.error().message()})) ? 0 : 1;
  }
  return entry::enter({pin, node, {peer->pid, peer->uid, peer->gid, std::move(peer->groups)}, vpclabGroup()});
}

}  // namespace vpclab::daemon
