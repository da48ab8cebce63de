#include "daemon/operations.h"

#include <nlohmann/json.hpp>

#include "base/overloaded.h"
#include "daemon/finals.h"

namespace vpclab::daemon {

namespace {

api::Final runLabVerb(Engine& engine, const api::LabRequest& request, Session& session) {
  switch (request.verb) {
    case api::LabVerb::kDrift:
      return driftLab(engine, request.lab, session);
    case api::LabVerb::kHeal:
      return healLab(engine, request.lab, session);
    case api::LabVerb::kInspect:
      return inspectLabs(engine, request.lab, session);
  }
  return failed(base::Error(base::ErrorKind::kInternal, "unknown verb"));
}

}  // namespace

api::Final runRequest(Engine& engine, const api::Request& request, Session& session) {
  return std::visit(base::Overloaded{
                        [&](const api::ApplyRequest& r) { return applyLab(engine, r, session); },
                        [&](const api::PlanRequest& r) { return planLab(engine, r, session); },
                        [&](const api::LabRequest& r) { return runLabVerb(engine, r, session); },
                        [&](const api::CheckRequest& r) { return checkLab(engine, r, session); },
                        [&](const api::DownRequest& r) { return downLabs(engine, r, session); },
                        [&](const api::NodeRequest& r) { return findNode(engine, r, session); },
                        [&](const api::ExecRequest& r) { return execInNode(engine, r, session); },
                        [&](const api::ForwardRequest& r) { return findForward(engine, r, session); },
                        [&](const api::LinkRequest& r) { return setLink(engine, r, session); },
                        [&](const api::LogsRequest& r) { return showLogs(engine, r, session); },
                        [&](const api::EventsRequest& r) { return followEvents(engine, r, session); },
                        [&](const api::MetricsRequest&) { return showMetrics(engine, session); },
                        [&](const api::DoctorRequest&) { return doctor(engine, session); },
                        [&](const api::StatusRequest&) { return status(engine); },
                    },
                    request);
}

}  // namespace vpclab::daemon
