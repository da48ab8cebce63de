#include "daemon/engine.h"

#include <algorithm>

#include <unistd.h>

#include "base/text.h"
#include "daemon/log.h"

namespace vpclab::daemon {

using base::ErrorKind;

namespace {

constexpr std::chrono::seconds kHoldWait{5};

Probed probeNow(std::vector<base::UniqueFd>& slowToGo) {
  Probed out{state::Capabilities{}, {}};
  out.capabilities = kernel::probe(&out.features, &slowToGo);
  return out;
}

}  // namespace

Engine::Engine(Options options, std::unique_ptr<kernel::System> system)
    : options_(std::move(options)),
      store_(options_.runDir),
      kept_(options_.stateDir),
      system_(std::move(system)),
      probed_(std::async(std::launch::async, [this] { return probeNow(slowToGo_); }).share()),
      learning_(std::async(std::launch::async,
                           [this] {
                             const auto& capabilities = probed().capabilities;
                             if (capabilities &&
                                 capabilities->tunnelImplementation() == state::TunnelImplementation::kWireGuardGo) {
                               system_->learnTunnels();
                             }
                             slowToGo_.clear();
                           })),
      pid_(::getpid()) {}

base::Result<std::unique_ptr<Engine>> Engine::make(Options options) {
  kernel::Options kernelOptions;
  kernelOptions.runDir = options.runDir;
  kernelOptions.netnsDir = options.netnsDir;
  kernelOptions.keeperProgram = options.program;
  kernelOptions.onUnheard = [](const std::string& lab, const std::string& why) {
    logWarning("lab " + lab + ": " + why);
  };
  auto system = kernel::makeSystem(std::move(kernelOptions));
  if (!system) {
    return base::fail(std::move(system.error()));
  }
  return std::unique_ptr<Engine>(new Engine(std::move(options), std::move(*system)));
}

base::Result<Registry::Hold> Engine::hold(const std::string& lab, const std::string& verb, const Session& session) {
  return registry_.acquire(lab, verb, session.peer().pid, base::Deadline::after(kHoldWait));
}

base::Result<std::vector<std::string>> Engine::labs() {
  auto names = store_.labs();
  if (!names) {
    return names;
  }
  auto owned = system_->labs();
  if (!owned) {
    return owned;
  }
  names->insert(names->end(), owned->begin(), owned->end());
  std::sort(names->begin(), names->end());
  names->erase(std::unique(names->begin(), names->end()), names->end());
  return names;
}

base::Result<std::string> Engine::pickLab(const std::string& wanted) {
  auto names = labs();
  if (!names) {
    return base::fail(std::move(names.error()));
  }
  if (wanted.empty()) {
    if (names->size() == 1) {
      return names->front();
    }
    return names->empty()
               ? base::fail(ErrorKind::kNotFound, "no lab is up")
               : base::fail(ErrorKind::kInvalid, "several labs are up, say which: " + base::join(*names, ", "));
  }
  if (std::find(names->begin(), names->end(), wanted) != names->end()) {
    return wanted;
  }
  const std::vector<std::string_view> candidates(names->begin(), names->end());
  const std::string near = base::nearest(wanted, candidates);
  return base::fail(
      ErrorKind::kNotFound,
      "no lab `" + base::printable(wanted.substr(0, 64)) + "` is up" +
          (near.empty() ? names->empty() ? std::string("; none is") : "; there are: " + base::join(*names, ", ")
                        : "; did you mean `" + near + "`?"));
}

base::Result<Engine::Stored> Engine::loadStored(const std::string& lab) {
  auto stored = store_.load(lab);
  if (!stored) {
    return base::fail(std::move(stored.error()));
  }
  if (!*stored) {
    return base::fail(ErrorKind::kNotFound,
                      "lab " + lab + ": its file is not known here; apply it again, or take it down");
  }
  const auto& capabilities = probed().capabilities;
  if (!capabilities) {
    return base::fail(base::Error(capabilities.error()));
  }
  Stored out{std::move(**stored), {}};
  out.desired = loadBundle(out.stored.bundle);
  if (out.desired.ok()) {
    compileInto(out.desired, out.stored.allocations, *capabilities);
    system_->share(lab, out.desired.compiled.desired);
  }
  for (const auto& diagnostic : out.desired.diagnostics) {
    if (diagnostic.severity == base::Severity::kError) {
      return base::fail(ErrorKind::kInvalid, "lab " + lab + ", as stored: " + diagnostic.toString());
    }
  }
  return out;
}

}  // namespace vpclab::daemon
