#include "kernel/system.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

#include <sys/socket.h>

#include "kernel/change_watch.h"
#include "kernel/destroy.h"
#include "kernel/execute.h"
#include "kernel/hearing.h"
#include "kernel/lab_memory.h"
#include "kernel/namespaces.h"
#include "kernel/neighbours.h"
#include "kernel/observe.h"
#include "kernel/session.h"
#include "kernel/threads.h"
#include "kernel/tunnel_peers.h"

namespace vpclab::kernel {

namespace {

// For calls whose contract has no deadline of its own.
constexpr base::Milliseconds kObserveLimit{30'000};
constexpr std::size_t kMaxAlias = 255;  // IFALIASZ - 1
// A lab with fewer namespaces is looked at as quickly as it would be remembered.
constexpr std::size_t kFewNamespaces = 64;
// A plan about more of them is carried out without anybody listening: each change would be told at a price.
constexpr std::size_t kManyNamespaces = 256;

base::Result<> tryToListen() {
  // As LabMemory does; of no lab, so that the directory does not matter.
  auto watch = ChangeWatch::open("");
  return watch ? watch->listen(ChangeWatch::Neighbours::kHeard) : base::fail(std::move(watch.error()));
}

class RealSystem : public System {
 public:
  explicit RealSystem(const Options& options)
      : environment_(options), hearing_(options.onUnheard), memory_(options.netnsDir, hearing_) {}

  using System::observe;
  base::Result<state::State> observe(const std::string& lab, KindTimes* times, Memory memory,
                                     const Wanted& wanted) override {
    std::optional<Again> again;
    if (memory != Memory::kNone) {
      const auto pins = environment_.pins.list(lab);
      if (!pins || pins->size() < kFewNamespaces) {
        memory_.forget(lab);
      } else if (memory == Memory::kUse) {
        again = memory_.recall(lab, base::Clock::now());
      } else {
        memory_.listen(lab, base::Clock::now());
      }
    }
    const auto seen = memory_.seen(lab);
    const bool few = again.has_value();  // are looked at, and what is remembered of the others would be lost
    return kernel::observe(environment_, lab, base::Deadline::after(kObserveLimit), times, std::move(again), seen.get(),
                           few ? Wanted() : wanted);
  }
  base::Result<state::State> observeAgain(const std::string& lab, state::State before, const plan::Touched& touched,
                                          KindTimes* times) override {
    std::optional<Again> again;
    if (auto heard = memory_.heard(lab, before, base::Clock::now())) {
      heard->merge(touched);
      again.emplace(Again{std::move(before), std::move(*heard)});
    }
    return kernel::observe(environment_, lab, base::Deadline::after(kObserveLimit), times, std::move(again), nullptr);
  }
  void remember(const std::string& lab, state::State seen) override { memory_.remember(lab, std::move(seen)); }
  void share(const std::string& lab, state::State& with) override { memory_.share(lab, with); }
  Feature notifications() override { return hearing_.feature(tryToListen()); }

  void prepare(const std::string& lab, const plan::Plan& plan) override {
    std::set<std::string_view> namespaces;
    for (const plan::Step& step : plan.steps) {
      namespaces.insert(step.key.netns.str());
    }
    if (namespaces.size() > kManyNamespaces) {
      memory_.forget(lab);
    }
    const bool needed = std::any_of(plan.steps.begin(), plan.steps.end(), [](const plan::Step& step) {
      const auto* tunnel = step.after ? std::get_if<state::WgDevice>(&*step.after) : nullptr;
      return step.action == plan::Action::kCreate &&
             (step.key.kind == state::Kind::kProcess ||
              (tunnel != nullptr && tunnel->implementation == state::TunnelImplementation::kWireGuardGo));
    });
    if (needed) {
      environment_.keepers.startEarly(lab);
    }
  }
  std::vector<base::Result<>> execute(const std::string& lab, std::span<const plan::Step> steps,
                                      base::Deadline deadline, KindTimes* times) override {
    const auto cables = std::count_if(steps.begin(), steps.end(), [](const plan::Step& step) {
      return step.action == plan::Action::kCreate && step.key.kind == state::Kind::kVeth;
    });
    if (static_cast<std::size_t>(cables) < kFewNamespaces) {
      return kernel::execute(environment_, lab, steps, deadline, times);
    }
    // The kernel makes one cable after another (RTNL), so that a processor has nothing to do meanwhile.
    std::vector<base::Result<>> out;
    auto ran = onThreads(2, [&](std::size_t n) {
      if (n == 0) {
        out = kernel::execute(environment_, lab, steps, deadline, times);
      } else {
        memory_.makeReady(lab);
      }
    });
    return out.empty() ? std::vector<base::Result<>>(steps.size(), ran) : std::move(out);
  }
  void forgetNeighbours(const std::string& lab, std::span<const state::Neighbours> tables,
                        base::Deadline deadline) override {
    static_cast<void>(onThreads(tables.size(), [&](std::size_t n) {
      const state::Neighbours& table = tables[n];
      if (auto socket = enterOwned(environment_, pinPath(lab, table.netns), deadline)) {
        Session session(lab, table.netns, std::move(*socket), environment_.procSys, deadline);
        static_cast<void>(changeNeighbours(session, table, {table.netns, table.link, {}}));
      }
    }));
  }
  std::vector<base::Error> destroy(const std::string& lab, base::Deadline deadline) override {
    environment_.keepers.settle(deadline);
    environment_.neighbourHints.forget(lab);
    memory_.forget(lab);
    hearing_.forget(lab);
    return kernel::destroy(environment_, lab, deadline);
  }
  base::Result<std::vector<std::string>> labs() override {
    return listLabs(environment_, base::Deadline::after(kObserveLimit));
  }

  base::Result<base::UniqueFd> openSocket(const std::string& lab, const std::string& node, int domain, int type,
                                          int protocol) override {
    for (const auto& valid : {checkLabName(lab), checkNodeName(node)}) {
      if (!valid) {
        return base::fail(valid.error());
      }
    }
    base::Result<base::UniqueFd> out;
    auto ran = onThreads(1, [&](std::size_t) {
      if (auto entered = enterPin(pinPath(lab, node)); !entered) {
        out = base::fail(std::move(entered.error()));
      } else {
        const int fd = ::socket(domain, type | SOCK_CLOEXEC, protocol);
        out = fd < 0 ? base::failErrno("open a socket") : base::Result<base::UniqueFd>(base::UniqueFd(fd));
      }
    });
    if (!ran) {
      return base::fail(std::move(ran.error()));
    }
    if (!out) {
      return base::fail(std::move(out.error()).context("node " + node + " of lab " + lab));
    }
    return out;
  }

  base::Result<std::vector<TunnelPeer>> tunnelPeers(const std::string& lab, const state::WgDevice& device,
                                                    base::Deadline deadline) override {
    return kernel::tunnelPeers(environment_, lab, device, deadline);
  }

  void learnTunnels() override {
    static_cast<void>(environment_.wireGuardGo.tunFlags(base::Deadline::after(kObserveLimit)));
  }

  std::string pinPath(const std::string& lab, const std::string& node) const override {
    return environment_.pins.path(lab, node);
  }

 private:
  Environment environment_;
  Hearing hearing_;
  LabMemory memory_;
};

}  // namespace

base::Result<std::unique_ptr<System>> makeSystem(Options options) {
  std::error_code error;
  for (std::string* path : {&options.runDir, &options.netnsDir}) {
    // One spelling: the run directory is the owner's name.
    const auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(*path, error), error);
    if (path->empty() || error) {
      return base::fail(base::ErrorKind::kInvalid, "'" + *path + "' is no directory name");
    }
    *path = whole.string();
  }
  if (Pins(options.runDir, options.netnsDir).mark().size() > kMaxAlias) {
    return base::fail(base::ErrorKind::kLimit,
                      "the run directory's name is too long for the kernel to keep as the "
                      "namespaces' owner: " +
                          options.runDir);
  }
  return std::unique_ptr<System>(std::make_unique<RealSystem>(options));
}

Feature probeNotifications() {
  return Hearing([](const auto&, const auto&) {}).feature(tryToListen());
}

}  // namespace vpclab::kernel
