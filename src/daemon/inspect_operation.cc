#include <nlohmann/json.hpp>

#include "daemon/finals.h"
#include "daemon/inspect_json.h"
#include "daemon/operations.h"

namespace vpclab::daemon {

using nlohmann::json;

api::Final inspectLabs(Engine& engine, const std::string& wanted, Session& session) {
  std::vector<std::string> names;
  if (wanted.empty()) {
    auto all = engine.labs();
    if (!all) {
      return failed(all.error());
    }
    names = std::move(*all);
  } else {
    auto lab = engine.pickLab(wanted);
    if (!lab) {
      return failed(lab.error());
    }
    names.push_back(std::move(*lab));
  }
  json data{{"daemon", daemonToJson(engine)}, {"labs", json::array()}};
  for (const auto& name : names) {
    data["labs"].push_back(labToJson(engine, name));
    sendText(session, labToText(data["labs"].back()));
  }
  if (names.empty()) {
    session.send(api::TextLine{"No lab is up."});
  }
  return finalOf(api::Exit::kOk, data);
}

api::Final status(Engine& engine) {
  json data{{"daemon", daemonToJson(engine)}};
  auto labs = engine.labs();
  if (!labs) {
    return failed(labs.error());
  }
  data["labs"] = std::move(*labs);
  return finalOf(api::Exit::kOk, data);
}

}  // namespace vpclab::daemon
