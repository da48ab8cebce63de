#include "daemon/metrics.h"

#include <array>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "daemon/balancer_metrics.h"
#include "daemon/finals.h"
#include "daemon/operations.h"
#include "daemon/process_usage.h"
#include "daemon/worker_answer.h"
#include "keeper/client.h"

namespace vpclab::daemon {

namespace {

using Type = Exposition::Type;

constexpr std::chrono::seconds kKeeperTime{2};

struct LabView {
  std::string name;
  bool known = false;  // its file is there and can be read
  std::map<state::Kind, std::uint64_t> objects;
  keeper::Listing listing;
};

LabView viewOf(Engine& engine, const std::string& lab, std::vector<BalancerStatus>& balancers) {
  LabView out;
  out.name = lab;
  if (const auto stored = engine.loadStored(lab)) {
    out.known = true;
    for (const state::Entry& entry : stored->desired.compiled.desired.entries()) {
      ++out.objects[entry.key().kind];
    }
  }
  auto client = keeper::Client::connect({engine.options().runDir, lab}, base::Deadline::after(kKeeperTime));
  if (!client) {
    return out;
  }
  auto listing = client->list(base::Deadline::after(kKeeperTime));
  if (!listing) {
    return out;
  }
  out.listing = std::move(*listing);
  for (const auto& process : out.listing.processes) {
    if (process.process.name == "lb") {
      if (auto status = workerStatus(*client, process.process.netns, "lb")) {
        balancers.push_back({lab, process.process.netns, std::move(*status)});
      }
    }
  }
  return out;
}

void addDaemon(Exposition& out, const Engine& engine) {
  out.family("vpclab_daemon_info", Type::kGauge, "1; the daemon's version and run directory");
  out.sample(1, {{"version", VPCLAB_VERSION}, {"run_dir", engine.options().runDir}});
  const auto usage = ownUsage();
  if (!usage) {
    return;
  }
  // The names that all of Prometheus' clients give to these.
  out.family("process_cpu_seconds_total", Type::kCounter, "Processor time of the daemon, user and system");
  out.sample(usage->cpuSeconds);
  out.family("process_resident_memory_bytes", Type::kGauge, "Memory of the daemon that is in RAM");
  out.sample(static_cast<double>(usage->residentBytes));
  out.family("process_virtual_memory_bytes", Type::kGauge, "Address space of the daemon");
  out.sample(static_cast<double>(usage->virtualBytes));
  out.family("process_threads", Type::kGauge, "Threads of the daemon");
  out.sample(static_cast<double>(usage->threads));
  out.family("process_start_time_seconds", Type::kGauge, "When the daemon was started, in Unix time");
  out.sample(usage->startUnixSeconds);
  out.family("process_open_fds", Type::kGauge, "Open files of the daemon");
  out.sample(static_cast<double>(usage->openFds));
  out.family("process_max_fds", Type::kGauge, "How many files the daemon may open");
  out.sample(static_cast<double>(usage->maxFds));
}

std::string nameOf(plan::Outcome outcome) {
  switch (outcome) {
    case plan::Outcome::kDone:
      return "done";
    case plan::Outcome::kFailed:
      return "failed";
    case plan::Outcome::kSkipped:
      return "skipped";
  }
  return "unknown";
}

void addWork(Exposition& out, const Tally::Counts& counts) {
  out.family("vpclab_operation_duration_seconds", Type::kHistogram,
             "What was done to labs (apply, heal, link set, down), how it ended and how long it took");
  for (const auto& [what, durations] : counts.operations) {
    const Exposition::Labels labels{{"verb", what.first}, {"result", what.second}};
    const auto bucket = [&](const std::string& bound, std::uint64_t value) {
      auto its = labels;
      its.emplace_back("le", bound);
      out.sample(static_cast<double>(value), std::move(its), "_bucket");
    };
    for (std::size_t i = 0; i < durations.upTo.size(); ++i) {
      bucket(nlohmann::json(Tally::kBounds[i]).dump(), durations.upTo[i]);
    }
    bucket("+Inf", durations.count);
    out.sample(durations.seconds, labels, "_sum");
    out.sample(static_cast<double>(durations.count), labels, "_count");
  }
  out.family("vpclab_changes_total", Type::kCounter,
             "Changes of kernel objects that were tried, and what came of them");
  for (const auto& [what, count] : counts.changes) {
    const auto& [kind, action, outcome] = what;
    out.sample(static_cast<double>(count), {{"kind", std::string(state::nameOf(kind))},
                                            {"action", std::string(plan::nameOf(action))},
                                            {"result", nameOf(outcome)}});
  }
  out.family("vpclab_process_events_total", Type::kCounter, "Processes of labs that came into another state");
  for (const auto& [state, count] : counts.processEvents) {
    out.sample(static_cast<double>(count), {{"state", state}});
  }
}

void addLabs(Exposition& out, const std::vector<LabView>& labs) {
  out.family("vpclab_labs", Type::kGauge, "Labs that are up");
  out.sample(static_cast<double>(labs.size()));
  out.family("vpclab_lab_known", Type::kGauge, "1 where the lab's file is there and can be read");
  for (const auto& lab : labs) {
    out.sample(lab.known ? 1 : 0, {{"lab", lab.name}});
  }
  out.family("vpclab_objects", Type::kGauge, "Kernel objects that the lab's file asks for");
  for (const auto& lab : labs) {
    for (const auto& [kind, count] : lab.objects) {
      out.sample(static_cast<double>(count), {{"lab", lab.name}, {"kind", std::string(state::nameOf(kind))}});
    }
  }
  // All samples of a family stand together, so the processes are gone through once for each.
  const auto each = [&](const auto& one) {
    for (const auto& lab : labs) {
      for (const auto& process : lab.listing.processes) {
        one(Exposition::Labels{{"lab", lab.name}, {"node", process.process.netns}, {"process", process.process.name}},
            process.state, process.restarts);
      }
      for (const auto& tunnel : lab.listing.tunnels) {
        one(Exposition::Labels{{"lab", lab.name}, {"node", tunnel.tunnel.netns}, {"process", tunnel.tunnel.name}},
            tunnel.state, tunnel.restarts);
      }
    }
  };
  out.family("vpclab_process_running", Type::kGauge, "1 where the lab's process runs");
  each([&](Exposition::Labels labels, keeper::RunState state, unsigned) {
    out.sample(state == keeper::RunState::kRunning ? 1 : 0, std::move(labels));
  });
  out.family("vpclab_process_restarts_total", Type::kCounter, "How often its keeper has started it again");
  each(
      [&](Exposition::Labels labels, keeper::RunState, unsigned restarts) { out.sample(restarts, std::move(labels)); });
}

}  // namespace

Exposition metricsOf(Engine& engine) {
  Exposition out;
  addDaemon(out, engine);
  addWork(out, engine.journal().tally().counts());
  std::vector<LabView> labs;
  std::vector<BalancerStatus> balancers;
  if (const auto known = engine.store().labs()) {
    for (const auto& lab : *known) {
      labs.push_back(viewOf(engine, lab, balancers));
    }
  }
  addLabs(out, labs);
  addBalancers(out, balancers);
  return out;
}

api::Final showMetrics(Engine& engine, Session& session) {
  const auto metrics = metricsOf(engine);
  for (const auto& line : linesOf(metrics.text())) {
    session.send(api::TextLine{line});
  }
  return finalOf(api::Exit::kOk, {{"metrics", metrics.json()}});
}

}  // namespace vpclab::daemon
