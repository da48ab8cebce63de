#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/finals.h"
#include "daemon/found_node.h"
#include "daemon/link_change.h"
#include "daemon/log.h"
#include "daemon/operations.h"
#include "daemon/plan_items.h"
#include "daemon/settle.h"
#include "plan/apply.h"
#include "plan/render.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

constexpr std::chrono::seconds kTime{30};

struct Place {
  FoundNode found;
  std::string link;
};

// NODE or NODE:LINK. A title may hold a colon, an interface's name may not.
base::Result<Place> placeOf(Engine& engine, const api::LinkRequest& request) {
  auto whole = findNode(engine, request.lab, request.link);
  const auto colon = request.link.rfind(':');
  std::string link;
  if (!whole && colon != std::string::npos) {
    whole = findNode(engine, request.lab, request.link.substr(0, colon));
    link = request.link.substr(colon + 1);
  }
  if (!whole) {
    return base::fail(std::move(whole.error()));
  }
  auto picked = pickLink(whole->node, link);
  if (!picked) {
    return base::fail(std::move(picked.error()));
  }
  return Place{std::move(*whole), std::move(*picked)};
}

api::Final carryOut(Engine& engine, const Place& place, const plan::Plan& plan, Session& session) {
  const std::string& lab = place.found.lab;
  json data{{"lab", lab}, {"node", place.found.node.id}, {"link", place.link}, {"plan", plan::toJson(plan)}};
  sendLines(session, plan);
  Journal::Work work(engine.journal(), lab, "link set", session.peer(), plan.steps.size());
  // A few steps that belong together: Ctrl-C does not come between them.
  const auto progress = [tell = progressTo(session)](std::size_t done, std::size_t total) {
    (void)tell(done, total);
    return true;
  };
  const auto report = plan::apply(plan, engine.system(), lab, base::Deadline::after(kTime), progress,
                                  [&](std::span<const plan::StepReport> steps) { work.done(steps); });
  auto final = finalOf(report.ok() ? api::Exit::kOk : api::Exit::kFailed, data);
  for (const auto* cause : report.rootCauses()) {
    final.errors.push_back("link " + place.link + " of node " + place.found.node.id + ": " +
                           describeStep(*cause->step) + ": " +
                           (cause->error ? cause->error->message() : std::string("failed")));
  }
  work.ended(final.errors);
  return final;
}

}  // namespace

api::Final setLink(Engine& engine, const api::LinkRequest& request, Session& session) {
  const auto place = placeOf(engine, request);
  if (!place) {
    return failed(place.error());
  }
  const std::string& lab = place->found.lab;
  auto hold = engine.hold(lab, "link set", session);
  if (!hold) {
    return failed(hold.error());
  }
  const auto stored = engine.loadStored(lab);
  if (!stored) {
    return failed(stored.error());
  }
  const auto& capabilities = engine.probed().capabilities;
  if (!capabilities) {
    return failed(capabilities.error());
  }
  const auto observed = engine.system().observe(lab);
  if (!observed) {
    return failed(observed.error());
  }
  const auto wanted = withLinkSet(*observed, stored->desired.compiled.desired, *capabilities, place->found.node.id,
                                  place->link, request);
  if (!wanted) {
    return failed(wanted.error());
  }
  return carryOut(engine, *place, plan::diff(*wanted, *observed), session);
}

}  // namespace vpclab::daemon
