#pragma once

#include "api/event.h"
#include "api/request.h"
#include "daemon/engine.h"
#include "daemon/session.h"

// One function per request. Each tells the session what it does, and returns its last word.
namespace vpclab::daemon {

api::Final runRequest(Engine& engine, const api::Request& request, Session& session);

api::Final applyLab(Engine& engine, const api::ApplyRequest& request, Session& session);
api::Final planLab(Engine& engine, const api::PlanRequest& request, Session& session);
api::Final driftLab(Engine& engine, const std::string& lab, Session& session);
api::Final healLab(Engine& engine, const std::string& lab, Session& session);
api::Final checkLab(Engine& engine, const api::CheckRequest& request, Session& session);
api::Final inspectLabs(Engine& engine, const std::string& lab, Session& session);
api::Final downLabs(Engine& engine, const api::DownRequest& request, Session& session);
api::Final findNode(Engine& engine, const api::NodeRequest& request, Session& session);
api::Final execInNode(Engine& engine, const api::ExecRequest& request, Session& session);
api::Final findForward(Engine& engine, const api::ForwardRequest& request, Session& session);
api::Final setLink(Engine& engine, const api::LinkRequest& request, Session& session);
api::Final showLogs(Engine& engine, const api::LogsRequest& request, Session& session);
api::Final followEvents(Engine& engine, const api::EventsRequest& request, Session& session);
api::Final showMetrics(Engine& engine, Session& session);
api::Final doctor(Engine& engine, Session& session);
api::Final status(Engine& engine);

}  // namespace vpclab::daemon
