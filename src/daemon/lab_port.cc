#include "daemon/lab_port.h"

#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "check/worker_status.h"
#include "daemon/worker_answer.h"

namespace vpclab::daemon {

namespace {

constexpr std::chrono::seconds kKeeperTime{2};

}  // namespace

base::Result<base::UniqueFd> RunningLab::openSocket(const std::string& node, check::SocketKind kind) {
  return kind == check::SocketKind::kIcmp ? engine_.system().openSocket(lab_, node, AF_INET, SOCK_RAW, IPPROTO_ICMP)
                                          : engine_.system().openSocket(lab_, node, AF_INET, SOCK_STREAM, 0);
}

base::Result<keeper::Client*> RunningLab::keeper() {
  if (!keeper_) {
    auto client = keeper::Client::connect({engine_.options().runDir, lab_}, base::Deadline::after(kKeeperTime));
    if (!client) {
      return base::fail(std::move(client.error()));
    }
    keeper_.emplace(std::move(*client));
  }
  return &*keeper_;
}

base::Result<std::vector<check::BackendStatus>> RunningLab::backends(const std::string& loadBalancer,
                                                                     const std::string& listener) {
  const auto client = keeper();
  if (!client) {
    return base::fail(client.error());
  }
  const auto status = workerStatus(**client, loadBalancer, "lb");
  if (!status) {
    return base::fail(status.error());
  }
  return check::backendsOf(*status, listener);
}

base::Result<std::map<std::string, std::vector<std::string>>> RunningLab::requestIds(const std::string& prefix) {
  const auto client = keeper();
  if (!client) {
    return base::fail(client.error());
  }
  const auto status = workerStatus(**client, "", "pages");
  if (!status) {
    return base::fail(status.error());
  }
  return check::requestIdsOf(*status, prefix);
}

}  // namespace vpclab::daemon
