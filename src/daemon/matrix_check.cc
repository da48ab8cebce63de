#include "daemon/matrix_check.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include <nlohmann/json.hpp>

#include "check/matrix.h"
#include "check/probe_client.h"
#include "compile/lines.h"
#include "compile/reach.h"
#include "daemon/finals.h"
#include "daemon/lab_port.h"
#include "daemon/log.h"
#include "daemon/stop_watch.h"
#include "lab/addressing.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

check::PairExpectation expectationOf(compile::Expected expected) {
  switch (expected) {
    case compile::Expected::kReachable:
      return check::PairExpectation::kReachable;
    case compile::Expected::kBlocked:
      return check::PairExpectation::kBlocked;
    case compile::Expected::kElsewhere:
      break;
  }
  return check::PairExpectation::kElsewhere;
}

// `reach` must outlive it.
check::MatrixSpec specOf(const lab::Lab& lab, const compile::Reach& reach, const compile::Lines& lines) {
  check::MatrixSpec out;
  out.lab = lab.name;
  out.roundTrip = lines.roundTrip;
  out.loss = lines.loss;
  out.sharedRate = lines.sharedRate;
  std::vector<std::size_t> places(reach.hosts().size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::sort(places.begin(), places.end(), [&reach](std::size_t x, std::size_t y) {
    const auto& one = reach.hosts()[x];
    const auto& other = reach.hosts()[y];
    return std::tie(one.net, one.address) < std::tie(other.net, other.address);
  });
  for (const std::size_t place : places) {
    const auto& host = reach.hosts()[place];
    const lab::Vxnet& vxnet = lab.vxnets.at(host.server->vxnet);
    const auto rate = lines.rates.find(host.server->id);
    out.nodes.push_back({host.server->id,
                         host.server->title,
                         host.address,
                         lab::gatewayOf(vxnet.cidr),
                         {vxnet.id, vxnet.vpc, lab.vpcs.at(vxnet.vpc).region},
                         rate == lines.rates.end() ? 0 : rate->second});
  }
  out.expected = [&reach, places](std::size_t from, std::size_t to) {
    return expectationOf(reach.between(places[from], places[to]));
  };
  out.why = [&reach, places](std::size_t from, std::size_t to) { return reach.why(places[from], places[to]); };
  return out;
}

// Sends at most about two hundred events, however many servers there are.
std::function<void(std::size_t, std::size_t)> progressTo(Session& session) {
  return [&session, last = std::size_t{0}](std::size_t done, std::size_t total) mutable {
    if (done == total || (done - last) * 200 >= total) {
      last = done;
      session.send(api::Progress{"matrix", static_cast<std::int64_t>(done), static_cast<std::int64_t>(total)});
    }
  };
}

}  // namespace

api::Final checkMatrix(Engine& engine, const Desired& desired, const state::State& observed, const CheckOutput& output,
                       Session& session) {
  const std::string& lab = desired.lab.name;
  const compile::Reach reach(desired.lab, desired.allocations);
  const check::MatrixSpec spec = specOf(desired.lab, reach, compile::linesOf(desired.lab, observed));
  if (spec.nodes.size() < 2) {
    return failed(base::Error(base::ErrorKind::kNotFound, "lab " + lab + " has no two servers"));
  }
  auto probes = check::ProbeClient::start({engine.options().workerProgram});
  if (!probes) {
    return failed(base::Error(probes.error()).context("lab " + lab + ": run the matrix"));
  }
  RunningLab running(engine, lab);
  const StopWatch watch(session);
  const auto report = check::runMatrix(spec, running, *probes, {watch.token(), progressTo(session)});
  sendText(session, check::toText(spec, report, output.colours));
  json data{{"lab", lab}, {"matrix", check::toJson(spec, report)}};
  if (output.junit) {
    data["junit"] = check::toJunit(spec, report);
  }
  const std::size_t pairs = spec.nodes.size() * (spec.nodes.size() - 1);
  const std::size_t failures = report.failures();
  const std::size_t notRun = report.count(check::Cell::kNotRun);
  logInfo("lab " + lab + ": matrix of " + std::to_string(pairs) + " pairs, " + std::to_string(failures) +
          " not as expected");
  auto final = finalOf(verdictOf(failures, notRun), data);
  if (failures != 0) {
    final.errors.push_back(std::to_string(failures) + " of " + std::to_string(pairs) + " pairs are not as expected");
  }
  if (notRun != 0) {
    final.errors.push_back("stopped: " + std::to_string(notRun) + " of " + std::to_string(pairs) +
                           " pairs have no result; lab " + lab + " is as it was");
  }
  return final;
}

}  // namespace vpclab::daemon
