#include "daemon/listener_text.h"

#include <nlohmann/json.hpp>

#include "daemon/table.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

std::string codesText(const json& codes) {
  std::string out;
  for (const auto& [name, count] : codes.items()) {
    out += (out.empty() ? "" : ", ") + count.dump() + " " + name;
  }
  return out.empty() ? "-" : out;
}

std::string poolText(const json& object) {
  const std::string pool = text(object, "pool");
  return pool.empty() ? "default" : pool;
}

std::string queuedText(const json& listener) {
  std::uint64_t queued = 0;
  for (const auto& pool : listener["pools"]) {
    queued += pool["queued"].get<std::uint64_t>();
  }
  return std::to_string(queued);
}

struct Tables {
  std::vector<Row> listeners{{"LOAD BALANCER", "LISTENER", "PORT", "OPEN", "QUEUED", "REQUESTS", "ANSWERS", "RETRIES",
                              "RECEIVED", "SENT", "MEAN MS"}};
  std::vector<Row> backends{{"LOAD BALANCER", "LISTENER", "POOL", "BACKEND", "STATE", "SINCE", "ACTIVE", "REQUESTS",
                             "ANSWERS", "FAILED", "MEAN MS", "REASON"}};
  std::vector<Row> flips{{"TIME", "LOAD BALANCER", "LISTENER", "POOL", "BACKEND", "BECAME", "REASON"}};

  void add(const std::string& balancer, const json& listener) {
    const std::string id = text(listener, "id");
    if (listener.contains("requests")) {
      listeners.push_back({balancer, id, text(listener, "port"), text(listener, "open"), queuedText(listener),
                           text(listener, "requests"), codesText(listener["codes"]), text(listener, "retries"),
                           bytesText(listener["received_bytes"]), bytesText(listener["sent_bytes"]),
                           text(listener, "mean_ms")});
    }
    for (const auto& backend : listener["backends"]) {
      backends.push_back({balancer, id, poolText(backend), text(backend, "name"), text(backend, "state"),
                          text(backend, "since"), text(backend, "active"), text(backend, "requests"),
                          codesText(backend["codes"]), text(backend, "failed"), text(backend, "mean_response_ms"),
                          text(backend, "reason")});
    }
    for (const auto& flip : listener["flips"]) {
      flips.push_back({text(flip, "time"), balancer, id, poolText(flip), text(flip, "backend"), text(flip, "state"),
                       text(flip, "reason")});
    }
  }
};

}  // namespace

void addLoadBalancers(const json& lab, std::string& out) {
  Tables tables;
  for (const auto& balancer : lab["load_balancers"]) {
    for (const auto& listener : balancer["listeners"]) {
      tables.add(text(balancer, "id"), listener);
    }
  }
  addTable(out, "Load balancers", tables.listeners);
  addTable(out, "Backends", tables.backends);
  addTable(out, "Backends that went up or down lately", tables.flips);
}

}  // namespace vpclab::daemon
