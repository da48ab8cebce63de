#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "daemon/inspect_json.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, in terminal columns.
void addTable(std::string& out, const std::string& title, const std::vector<Row>& rows) {
  if (rows.size() < 2) {
    return;
  }
  std::vector<int> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], base::displayWidth(row[i]));
    }
  }
  out += title + "\n";
  for (const auto& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += " " + row[i];
      line.append(static_cast<std::size_t>(widths[i] - base::displayWidth(row[i])) + 1, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
}

std::string text(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) {
    return "";
  }
  return base::printable(found->is_string() ? found->get<std::string>() : found->dump());
}

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

// "1.4 MiB"
std::string bytesText(const json& bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  double value = bytes.get<double>();
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 48> text{};
  (void)std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits.at(unit));
  return text.data();
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
  std::vector<Row> backends{{"LOAD BALANCER", "LISTENER", "PORT", "BACKEND", "STATE", "REASON"}};
  for (const auto& balancer : lab["load_balancers"]) {
    for (const auto& listener : balancer["listeners"]) {
      for (const auto& backend : listener["backends"]) {
        backends.push_back({text(balancer, "id"), text(listener, "id"), text(listener, "port"), text(backend, "name"),
                            text(backend, "state"), text(backend, "reason")});
      }
    }
  }
  addTable(out, "Load balancers", backends);
  for (const auto& problem : lab["problems"]) {
    out += "  problem: " + base::printable(problem.get<std::string>()) + "\n";
  }
  return out;
}

}  // namespace vpclab::daemon
