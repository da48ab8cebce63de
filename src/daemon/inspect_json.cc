#include "daemon/inspect_json.h"

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "daemon/listener_view.h"
#include "daemon/tunnel_view.h"
#include "daemon/worker_answer.h"
#include "keeper/client.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

constexpr std::chrono::seconds kKeeperTime{3};

const char* stateName(keeper::RunState state) {
  switch (state) {
    case keeper::RunState::kStarting:
      return "starting";
    case keeper::RunState::kRunning:
      return "running";
    case keeper::RunState::kBackOff:
      return "back-off";
    case keeper::RunState::kExited:
      return "exited";
  }
  return "unknown";
}

json nodeToJson(Engine& engine, const std::string& lab, const compile::Node& node) {
  json interfaces = json::array();
  for (const auto& interface : node.interfaces) {
    json addresses = json::array();
    for (const auto& address : interface.addresses) {
      addresses.push_back(address.toString());
    }
    interfaces.push_back({{"name", interface.name},
                          {"full_name", interface.fullName},
                          {"addresses", std::move(addresses)},
                          {"attached_to", interface.attachedTo}});
  }
  const std::string pin = engine.system().pinPath(lab, node.id);
  return {{"id", node.id},
          {"title", node.title},
          {"kind", node.kind},
          {"region", node.region},
          {"pin", pin},
          {"exists", ::access(pin.c_str(), F_OK) == 0},
          {"interfaces", std::move(interfaces)}};
}

void addProcesses(const keeper::Listing& listing, json& into) {
  json processes = json::array();
  for (const auto& process : listing.processes) {
    processes.push_back({{"node", process.process.netns},
                         {"name", process.process.name},
                         {"state", stateName(process.state)},
                         {"pid", process.pid},
                         {"restarts", process.restarts},
                         {"last_exit", process.lastExit}});
  }
  into["processes"] = std::move(processes);
  // Those of wireguard-go are processes too.
  for (const auto& tunnel : listing.tunnels) {
    for (auto& known : into["tunnels"]) {
      if (known["access_point"] == tunnel.tunnel.socketNetns) {
        known["state"] = stateName(tunnel.state);
        known["pid"] = tunnel.pid;
        known["restarts"] = tunnel.restarts;
      }
    }
  }
}

json tunnelToJson(const TunnelView& tunnel) {
  json peers = json::array();
  for (const auto& peer : tunnel.peers) {
    peers.push_back({{"access_point", peer.accessPoint},
                     {"public_key", peer.publicKey},
                     {"endpoint", peer.endpoint},
                     {"allowed_ips", peer.allowedIps},
                     {"handshake_age_seconds", peer.handshakeAgeSeconds ? json(*peer.handshakeAgeSeconds) : json()},
                     {"received_bytes", peer.receivedBytes},
                     {"sent_bytes", peer.sentBytes}});
  }
  return {{"access_point", tunnel.accessPoint},
          {"node", tunnel.node},
          {"interface", tunnel.interface},
          {"implementation", tunnel.process ? "wireguard-go" : "wireguard device"},
          {"state", tunnel.problem.empty() ? (tunnel.process ? "running" : "present") : "down"},
          {"pid", 0},
          {"restarts", 0},
          {"peers", std::move(peers)}};
}

json balancersToJson(keeper::Client& client, const lab::Lab& lab, json& problems) {
  json out = json::array();
  for (const auto& [id, balancer] : lab.loadBalancers) {
    json listeners = json::array();
    const auto status = workerStatus(client, id, "lb");
    if (!status) {
      problems.push_back("load balancer " + id + ": " + status.error().message());
    }
    for (const auto& listener : balancer.listeners) {
      json view{{"backends", json::array()}, {"flips", json::array()}};
      if (status) {
        if (auto seen = listenerView(*status, listener.id)) {
          view = std::move(*seen);
        } else {
          problems.push_back("load balancer " + id + ": " + seen.error().message());
        }
      }
      view.update({{"id", listener.id}, {"title", listener.title}, {"port", listener.port}});
      listeners.push_back(std::move(view));
    }
    out.push_back({{"id", id}, {"title", balancer.title}, {"listeners", std::move(listeners)}});
  }
  return out;
}

}  // namespace

json daemonToJson(const Engine& engine) {
  return {{"pid", engine.pid()},
          {"version", VPCLAB_VERSION},
          {"run_dir", engine.options().runDir},
          {"exit_after_last_lab", engine.options().exitAfterLastLab}};
}

json labToJson(Engine& engine, const std::string& lab) {
  json problems = json::array();
  json out{{"name", lab},
           {"nodes", json::array()},
           {"processes", json::array()},
           {"tunnels", json::array()},
           {"load_balancers", json::array()}};
  std::optional<lab::Lab> model;
  if (auto stored = engine.loadStored(lab)) {
    out["title"] = stored->desired.lab.title;
    out["section"] = stored->desired.lab.section;
    out["file"] = stored->stored.bundle.path;
    out["applied_at"] = stored->stored.appliedAt;
    for (const auto& [id, node] : stored->desired.compiled.nodes) {
      out["nodes"].push_back(nodeToJson(engine, lab, node));
    }
    for (const auto& tunnel : tunnelsOf(engine, lab, stored->desired.compiled.desired)) {
      out["tunnels"].push_back(tunnelToJson(tunnel));
      if (!tunnel.problem.empty()) {
        problems.push_back("access point " + tunnel.accessPoint + ": " + tunnel.problem);
      }
    }
    model = std::move(stored->desired.lab);
  } else {
    problems.push_back(stored.error().message());
  }
  if (const std::string holder = engine.registry().holder(lab); !holder.empty()) {
    out["busy"] = holder;
  }
  const base::Deadline deadline = base::Deadline::after(kKeeperTime);
  if (auto client = keeper::Client::connect({engine.options().runDir, lab}, deadline)) {
    out["keeper_pid"] = client->pid();
    if (const auto listing = client->list(deadline)) {
      addProcesses(*listing, out);
    } else {
      problems.push_back("keeper: " + listing.error().message());
    }
    if (model) {
      out["load_balancers"] = balancersToJson(*client, *model, problems);
    }
  } else if (client.error().kind() != base::ErrorKind::kNotFound) {
    problems.push_back("keeper: " + client.error().message());
  }
  out["problems"] = std::move(problems);
  return out;
}

}  // namespace vpclab::daemon
