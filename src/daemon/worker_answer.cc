#include "daemon/worker_answer.h"

#include <nlohmann/json.hpp>

namespace vpclab::daemon {

namespace {

constexpr std::chrono::seconds kAnswerTime{2};

base::Result<nlohmann::json> ask(keeper::Client& client, const std::string& netns, const std::string& name,
                                 const nlohmann::json& question) {
  auto answer = client.control(netns, name, question, base::Deadline::after(kAnswerTime));
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

}  // namespace

base::Result<nlohmann::json> workerStatus(keeper::Client& client, const std::string& netns, const std::string& name) {
  return ask(client, netns, name, {{"op", "status"}});
}

base::Result<nlohmann::json> pagesStatus(keeper::Client& client, const std::string& requestIds) {
  auto status = ask(client, "", "pages", {{"op", "status"}, {"requestIds", requestIds}});
  // A worker of an older release knows no such question.
  return status || status.error().kind() != base::ErrorKind::kProtocol ? std::move(status)
                                                                       : workerStatus(client, "", "pages");
}

}  // namespace vpclab::daemon
