#pragma once

#include <memory>
#include <optional>
#include <string>

#include "check/runner.h"
#include "daemon/engine.h"
#include "keeper/client.h"

namespace vpclab::daemon {

// What checks ask of a lab that is up: sockets in its namespaces, and what its workers know. One thread.
class RunningLab : public check::LabPort {
 public:
  RunningLab(Engine& engine, std::string lab) : engine_(engine), lab_(std::move(lab)) {}

  base::Result<base::UniqueFd> openSocket(const std::string& node, check::SocketKind kind) override;
  base::Result<std::vector<check::BackendStatus>> backends(const std::string& loadBalancer,
                                                           const std::string& listener) override;
  base::Result<std::vector<check::TunnelPeer>> tunnelPeers(const std::string& accessPoint) override;
  base::Result<std::map<std::string, std::vector<std::string>>> requestIds(const std::string& prefix) override;

 private:
  base::Result<keeper::Client*> keeper();

  Engine& engine_;
  std::string lab_;
  std::optional<keeper::Client> keeper_;  // connected when first needed
};

}  // namespace vpclab::daemon
