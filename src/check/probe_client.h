#pragma once

#include <string>

#include <sys/types.h>

#include "check/probe_port.h"

namespace vpclab::check {

// One unprivileged worker process that runs probes: started with `program probe --uid N`, its socket as descriptor 3,
// an empty environment, no other descriptor but stdin and stdout (/dev/null) and stderr. Ends with this object, at the
// latest; it ends by itself when this process dies, or only the thread that started it
// (PR_SET_PDEATHSIG(2const) in the worker). Not thread safe.
class ProbeClient : public ProbePort {
 public:
  struct Options {
    std::string program;  // absolute path of vpclab-worker
    uid_t uid = 65534;    // what it becomes
  };
  static base::Result<ProbeClient> start(const Options& options);

  ProbeClient(ProbeClient&&) noexcept = default;
  ProbeClient& operator=(ProbeClient&& other) noexcept;
  ProbeClient(const ProbeClient&) = delete;
  ProbeClient& operator=(const ProbeClient&) = delete;
  ~ProbeClient() override;

  base::Result<> submit(const std::vector<NumberedJob>& jobs, std::vector<base::UniqueFd> sockets,
                        base::Deadline deadline) override;
  base::Result<std::optional<NumberedReply>> wait(base::Deadline deadline) override;

  int socket() const { return socket_.get(); }  // readable when wait() has something

 private:
  ProbeClient(base::UniqueFd socket, base::UniqueFd process)
      : socket_(std::move(socket)), process_(std::move(process)) {}
  void end();

  base::UniqueFd socket_;
  base::UniqueFd process_;  // pidfd
};

}  // namespace vpclab::check
