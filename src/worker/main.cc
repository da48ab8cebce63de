#include <cstdio>
#include <optional>
#include <string_view>

#include <unistd.h>

#include "base/text.h"
#include "check/probe_worker.h"
#include "worker/privileges.h"
#include "worker/serve.h"
#include "worker/syscall_filter.h"

// vpclab-worker serve|probe --uid N: started as root by keeper or daemon, inside the right network namespace, with its
// control socket as descriptor 3. Not for users.
namespace {

constexpr int kControlFd = 3;
constexpr int kUsage = 2;

int failed(const vpclab::base::Error& error) {
  std::fprintf(stderr, "vpclab-worker: %s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  namespace worker = vpclab::worker;
  const pid_t parent = ::getppid();
  std::optional<std::int64_t> uid;
  if (argc == 4 && std::string_view(argv[2]) == "--uid") {
    uid = vpclab::base::parseInteger(argv[3], 1, INT32_MAX);
  }
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (!uid || (verb != "serve" && verb != "probe")) {
    std::fprintf(stderr, "usage: vpclab-worker serve|probe --uid N, with a control socket as descriptor 3\n");
    return kUsage;
  }
  if (auto done = worker::dropPrivileges(static_cast<uid_t>(*uid), parent); !done) {
    return failed(done.error());
  }
  if (verb == "serve") {
    return worker::serve(kControlFd);
  }
  if (auto done = worker::restrictSystemCalls(); !done) {
    return failed(done.error());
  }
  return vpclab::check::runProbeWorker(kControlFd);
}
