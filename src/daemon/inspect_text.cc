#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/inspect_json.h"
#include "daemon/listener_text.h"
#include "daemon/table.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

std::string pidText(const json& object) {
  const std::string pid = text(object, "pid");
  return pid == "0" ? "-" : pid;
}

void addNodes(const json& lab, std::string& out) {
  std::vector<Row> nodes{{"NODE", "KIND", "TITLE", "INTERFACE", "ADDRESS", "ATTACHED TO", "FULL NAME"}};
  for (const auto& node : lab["nodes"]) {
    Row row{text(node, "id"), text(node, "kind"), text(node, "title")};
    if (!node["exists"].get<bool>()) {
      row[1] += " (missing)";
    }
    if (node["interfaces"].empty()) {
      nodes.push_back(row);
    }
    for (const auto& interface : node["interfaces"]) {
      std::vector<std::string> addresses = interface["addresses"];
      Row line = row;
      line.insert(line.end(), {text(interface, "name"), base::join(addresses, ", "), text(interface, "attached_to")});
      // Only where the kernel's 15 bytes were not enough.
      line.push_back(interface["full_name"] == interface["name"] ? "" : text(interface, "full_name"));
      nodes.push_back(std::move(line));
      row = {"", "", ""};
    }
  }
  for (auto& row : nodes) {
    row.resize(nodes.front().size());
  }
  addTable(out, "Nodes", nodes);
}

void addTunnels(const json& lab, std::string& out) {
  std::vector<Row> rows{
      {"ACCESS POINT", "NODE", "BY", "STATE", "PID", "RESTARTS", "PEER", "ENDPOINT", "HANDSHAKE", "RECEIVED", "SENT"}};
  for (const auto& tunnel : lab["tunnels"]) {
    Row row{text(tunnel, "access_point"), text(tunnel, "node"), text(tunnel, "implementation"),
            text(tunnel, "state"),        pidText(tunnel),      text(tunnel, "restarts")};
    for (const auto& peer : tunnel["peers"]) {
      const auto& age = peer["handshake_age_seconds"];
      row.push_back(text(peer, "access_point"));
      row.push_back(text(peer, "endpoint"));
      row.push_back(age.is_null() ? "never" : std::to_string(static_cast<long long>(age.get<double>())) + " s ago");
      row.push_back(bytesText(peer["received_bytes"]));
      row.push_back(bytesText(peer["sent_bytes"]));
      rows.push_back(row);
      row.assign(6, "");
    }
    if (tunnel["peers"].empty()) {
      row.resize(rows.front().size());
      rows.push_back(std::move(row));
    }
  }
  addTable(out, "Tunnels", rows);
}

}  // namespace

std::string labToText(const json& lab) {
  std::string out = "Lab " + text(lab, "name");
  if (const std::string title = text(lab, "title"); !title.empty() && title != text(lab, "name")) {
    out += ": " + title;
  }
  out += "\n";
  if (const std::string file = text(lab, "file"); !file.empty()) {
    out += "  from " + file + ", applied at " + text(lab, "applied_at") + "\n";
  }
  if (const std::string busy = text(lab, "busy"); !busy.empty()) {
    out += "  busy: " + busy + "\n";
  }
  addNodes(lab, out);
  std::vector<Row> processes{{"NODE", "PROCESS", "STATE", "PID", "RESTARTS", "LAST EXIT"}};
  for (const auto& process : lab["processes"]) {
    processes.push_back({text(process, "node"), text(process, "name"), text(process, "state"), pidText(process),
                         text(process, "restarts"), text(process, "last_exit")});
  }
  addTable(out, "Processes", processes);
  addTunnels(lab, out);
  addLoadBalancers(lab, out);
  for (const auto& problem : lab["problems"]) {
    out += "  problem: " + base::printable(problem.get<std::string>()) + "\n";
  }
  return out;
}

}  // namespace vpclab::daemon
