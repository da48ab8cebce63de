#include "daemon/doctor.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/text.h"
#include "daemon/finals.h"
#include "daemon/inspect_json.h"
#include "daemon/operations.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

std::string linkText(const char* path) {
  std::array<char, 64> text{};
  const ssize_t n = ::readlink(path, text.data(), text.size() - 1);
  return n < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(n));
}

// `ip netns` and a shell on the host see a lab's pins only where both share a mount namespace. Unknown (not root): yes.
bool inHostsMountNamespace() {
  const std::string host = linkText("/proc/1/ns/mnt");
  return host.empty() || host == linkText("/proc/self/ns/mnt");
}

void addLines(const std::vector<kernel::Feature>& features, std::vector<std::string>& lines) {
  int nameWidth = 0;
  int chosenWidth = 0;
  for (const auto& feature : features) {
    nameWidth = std::max(nameWidth, base::displayWidth(feature.name));
    chosenWidth = std::max(chosenWidth, base::displayWidth(feature.chosen));
  }
  const auto padded = [](const std::string& text, int width) {
    return text + std::string(static_cast<std::size_t>(width - base::displayWidth(text)), ' ');
  };
  for (const auto& feature : features) {
    std::string line = std::string(feature.works ? "ok       " : "MISSING  ") + padded(feature.name, nameWidth) + "  " +
                       padded(feature.chosen, chosenWidth);
    if (!feature.why.empty()) {
      line += "  " + base::printable(feature.why);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
    if (!feature.remedy.empty()) {
      lines.push_back("         " + padded("", nameWidth) + "  -> " + feature.remedy);
    }
  }
}

// Whether there is anything to listen to.
bool hasNamespaces(const std::vector<kernel::Feature>& features) {
  return std::any_of(features.begin(), features.end(),
                     [](const auto& feature) { return feature.name == "namespaces" && feature.works; });
}

}  // namespace

api::Final diagnose(const std::vector<kernel::Feature>& features, const base::Error* probeError, const json& daemon,
                    std::vector<std::string>& lines) {
  json data{{"daemon", daemon}, {"features", json::array()}, {"host_mount_namespace", inHostsMountNamespace()}};
  bool works = probeError == nullptr;
  for (const auto& feature : features) {
    data["features"].push_back({{"name", feature.name},
                                {"chosen", feature.chosen},
                                {"works", feature.works},
                                {"why", feature.why},
                                {"remedy", feature.remedy}});
    works = works && feature.works;
  }
  addLines(features, lines);
  if (!inHostsMountNamespace()) {
    lines.emplace_back("note     this is not the host's mount namespace: `ip netns` on the host does not see the labs");
  }
  if (daemon.is_object()) {
    lines.push_back("daemon   pid " + daemon["pid"].dump() + ", run directory " + daemon["run_dir"].get<std::string>() +
                    ", version " + daemon["version"].get<std::string>());
  } else {
    lines.emplace_back("daemon   none answers; start one: vpclabd --daemonize");
  }
  data["works"] = works;
  auto final = finalOf(works ? api::Exit::kOk : api::Exit::kFailed, data);
  if (probeError != nullptr) {
    final.errors.push_back("cannot find out what this kernel can do: " + probeError->message());
  }
  return final;
}

api::Final doctor(Engine& engine, Session& session) {
  const auto& probed = engine.probed();
  auto features = probed.features;
  if (hasNamespaces(features)) {
    features.push_back(engine.system().notifications());
  }
  std::vector<std::string> lines;
  auto final =
      diagnose(features, probed.capabilities ? nullptr : &probed.capabilities.error(), daemonToJson(engine), lines);
  for (auto& line : lines) {
    session.send(api::TextLine{std::move(line)});
  }
  return final;
}

int runDoctorAlone() {
  std::vector<kernel::Feature> features;
  const auto capabilities = kernel::probe(&features);
  if (hasNamespaces(features)) {
    features.push_back(kernel::probeNotifications());
  }
  std::vector<std::string> lines;
  const auto final = diagnose(features, capabilities ? nullptr : &capabilities.error(), json(), lines);
  for (auto& line : lines) {
    std::puts(api::encodeEvent(api::TextLine{std::move(line)}).c_str());
  }
  std::puts(api::encodeEvent(final).c_str());
  return static_cast<int>(final.exit);
}

}  // namespace vpclab::daemon
