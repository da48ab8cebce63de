#include "daemon/worker_answer.h"

#include <nlohmann/json.hpp>

namespace vpclab::daemon {

namespace {

constexpr std::chrono::seconds kAnswerTime{2};

}  // namespace

base::Result<nlohmann::json> workerStatus(keeper::Client& client, const std::string& netns, const std::string& name) {
  auto answer = client.control(netns, name, nlohmann::json{{"op", "status"}}, base::Deadline::after(kAnswerTime));
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  // worker/control.h: {"ok":true,"status":{...}} or {"ok":false,"error":"..."}.
  const auto status = answer->is_object() ? answer->find("status") : answer->end();
  if (!answer->is_object() || status == answer->end()) {
    return base::fail(base::ErrorKind::kProtocol,
                      "worker " + name + (netns.empty() ? "" : " of " + netns) + ": its answer holds no status");
  }
  return nlohmann::json(std::move(*status));
}

}  // namespace vpclab::daemon
