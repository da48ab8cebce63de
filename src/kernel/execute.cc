#include "kernel/execute.h"

#include <algorithm>
#include <functional>
#include <map>
#include <thread>
#include <variant>

#include "kernel/link_requests.h"
#include "kernel/namespaces.h"
#include "kernel/nft.h"
#include "kernel/qdisc_requests.h"
#include "kernel/route_requests.h"
#include "kernel/session.h"
#include "kernel/threads.h"
#include "kernel/tunnel_peers.h"
#include "kernel/tunnels.h"

namespace vpclab::kernel {

namespace {

using namespace vpclab::state;
using plan::Action;
using plan::Step;

// A part of a step that is done inside one namespace: either a request that may travel with others, or an action.
struct Task {
  std::size_t step = 0;
  std::string netns;
  std::function<base::Result<Message>(Session&)> request;
  std::function<base::Result<>(Session&)> action;
  base::Result<> result;
};

// A part of a step that finds its namespaces itself.
struct Job {
  std::size_t step = 0;
  std::function<base::Result<>()> action;
};

// A handshake takes a millisecond or two on one host that has nothing else to do.
constexpr base::Milliseconds kHandshakePause{1};
constexpr base::Milliseconds kHandshakeTime{1'000};   // of one end
constexpr base::Milliseconds kHandshakesTime{5'000};  // of all that begin to speak together

bool alreadyGone(const base::Error& error) {
  return error.kind() == base::ErrorKind::kNotFound || error.errnoValue() == EADDRNOTAVAIL;
}

class Execution {
 public:
  Execution(Environment& environment, const std::string& lab, std::span<const Step> steps, base::Deadline deadline)
      : environment_(environment), lab_(lab), steps_(steps), deadline_(deadline), results_(steps.size()) {}

  std::vector<base::Result<>> run() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const auto& object = steps_[i].after ? steps_[i].after : steps_[i].before;
      std::visit([this, i](const auto& o) { add(i, o); }, *object);
    }
    runJobs();
    // A tunnel waits for a process to start most of the time, and needs no cable for that.
    auto ran = onThreads(tunnels_.empty() ? 1 : 2, [this](std::size_t n) { n == 0 ? runAllTasks() : runTunnels(); });
    if (!ran) {
      std::fill(results_.begin(), results_.end(), ran);
    }
    return std::move(results_);
  }

 private:
  Verb verb(std::size_t i) const {
    return steps_[i].action == Action::kCreate   ? Verb::kCreate
           : steps_[i].action == Action::kUpdate ? Verb::kReplace
                                                 : Verb::kDelete;
  }
  void job(std::size_t i, std::function<base::Result<>()> action) { jobs_.push_back({i, std::move(action)}); }
  void action(std::size_t i, const std::string& netns, std::function<base::Result<>(Session&)> call) {
    tasks_.push_back({i, netns, {}, std::move(call), {}});
  }
  void request(std::size_t i, const std::string& netns, std::function<base::Result<Message>(Session&)> build) {
    tasks_.push_back({i, netns, std::move(build), {}, {}});
  }

  // One overload per kind. The objects live in the caller's steps, so that references to them hold.
  void add(std::size_t i, const Netns& netns) {
    job(i, [this, i, &netns] {
      switch (steps_[i].action) {
        case Action::kCreate:
          return createNetns(environment_, lab_, netns, deadline_);
        case Action::kUpdate:
          return updateNetns(environment_, lab_, netns, deadline_);
        case Action::kDelete:
          break;
      }
      return deleteNetns(environment_, lab_, netns, deadline_);
    });
    newNamespaces_ = newNamespaces_ || steps_[i].action == Action::kCreate;
  }
  void add(std::size_t i, const WgDevice&) {
    tunnels_.push_back({i, [this, i] { return executeWg(environment_, lab_, steps_[i], deadline_); }});
  }
  void add(std::size_t i, const Process&) {
    job(i, [this, i] { return environment_.keepers.execute(lab_, steps_[i], deadline_); });
  }

  void add(std::size_t i, const Sysctl& sysctl) {
    if (steps_[i].action == Action::kDelete) {
      return;  // there is no value that it should have instead
    }
    if (!isManagedSysctl(sysctl.path)) {
      results_[i] =
          base::fail(base::ErrorKind::kUnsupported, sysctl.path + " is not among the parameters that vpclab manages");
      return;
    }
    action(i, sysctl.netns, [&sysctl](Session& s) { return s.procSys.write(sysctl.path, sysctl.value); });
  }
  void add(std::size_t i, const Bridge& bridge) {
    action(i, bridge.netns, [this, i, &bridge](Session& s) {
      return verb(i) == Verb::kCreate    ? createBridge(s, bridge)
             : verb(i) == Verb::kReplace ? updateBridge(s, bridge)
                                         : deleteLink(s, bridge.name, "bridge");
    });
  }
  void add(std::size_t i, const Vrf& vrf) {
    action(i, vrf.netns, [this, i, &vrf](Session& s) {
      return verb(i) == Verb::kCreate    ? createVrf(s, vrf)
             : verb(i) == Verb::kReplace ? updateVrf(s, vrf)
                                         : deleteLink(s, vrf.name, "vrf");
    });
  }
  void add(std::size_t i, const Veth& veth) {
    // The end with a master, the bridge's port, is made in its own namespace with master and up at once.
    const bool bMain = veth.a.master.empty() && !veth.b.master.empty();
    const VethEnd& main = bMain ? veth.b : veth.a;
    const VethEnd& peer = bMain ? veth.a : veth.b;
    switch (steps_[i].action) {
      case Action::kCreate:
        action(i, main.netns, [this, &main, &peer](Session& s) -> base::Result<> {
          auto target = openPin(environment_.pins.path(lab_, peer.netns));
          return target ? createVeth(s, main, peer, *target) : base::fail(std::move(target.error()));
        });
        if (peer.up || !peer.master.empty()) {
          farEnds_.push_back({i, peer.netns, {}, [&peer](Session& s) { return updateVethEnd(s, peer); }, {}});
        }
        break;
      case Action::kUpdate:
        updateEnd(i, std::get<Veth>(*steps_[i].before).a, veth.a);
        updateEnd(i, std::get<Veth>(*steps_[i].before).b, veth.b);
        break;
      case Action::kDelete:
        action(i, veth.a.netns, [&veth](Session& s) { return deleteLink(s, veth.a.name, "veth"); });
        break;
    }
  }
  void updateEnd(std::size_t i, const VethEnd& before, const VethEnd& after) {
    if (!(before == after)) {
      action(i, after.netns, [&after](Session& s) { return updateVethEnd(s, after); });
    }
  }
  void add(std::size_t i, const Address& address) {
    request(i, address.netns, [this, i, &address](Session& s) { return addressRequest(s, verb(i), address); });
  }
  void add(std::size_t i, const Route& route) {
    request(i, route.netns, [this, i, &route](Session& s) { return routeRequest(s, verb(i), route); });
  }
  void add(std::size_t i, const Rule& rule) {
    request(i, rule.netns, [this, i, &rule](Session& s) { return ruleRequest(s, verb(i), rule); });
  }
  void add(std::size_t i, const Qdisc& qdisc) {
    action(i, qdisc.netns, [this, i, &qdisc](Session& s) {
      return verb(i) == Verb::kDelete ? deleteQdisc(s, qdisc) : putQdisc(s, qdisc);
    });
  }
  void add(std::size_t i, const NftTable& table) {
    action(i, table.netns, [this, i, &table](Session& s) {
      return verb(i) == Verb::kDelete ? deleteNftTable(s.netns, table.family, s.deadline)
                                      : putNftTable(table, s.deadline);
    });
  }

  base::Error tooLate(std::size_t i) const {
    return {base::ErrorKind::kTimeout, steps_[i].key.toString() + ": the deadline passed before it could begin"};
  }

  void runJobs() {
    if (jobs_.empty()) {
      return;
    }
    base::UniqueFd pinning;
    if (newNamespaces_) {
      auto made = environment_.pins.makeDirectory();
      if (!made) {
        for (const Job& entry : jobs_) {
          results_[entry.step] = base::fail(made.error());
        }
        return;
      }
      pinning = std::move(*made);
    }
    auto ran = onThreads(jobs_.size(), [this](std::size_t n) {
      const Job& entry = jobs_[n];
      results_[entry.step] = deadline_.passed() ? base::fail(tooLate(entry.step)) : entry.action();
    });
    for (std::size_t n = 0; !ran && n < jobs_.size(); ++n) {
      results_[jobs_[n].step] = ran;
    }
  }

  void runAllTasks() {
    runTasks(tasks_);
    // The far ends of new veths, where the near ones came about.
    std::erase_if(farEnds_, [this](const Task& task) { return !results_[task.step]; });
    runTasks(farEnds_);
  }

  void runTunnels() {
    const auto run = [this](const Job& job) {
      results_[job.step] = deadline_.passed() ? base::fail(tooLate(job.step)) : job.action();
    };
    if (tunnels_.empty() || steps_[tunnels_.front().step].action != Action::kUpdate) {
      auto ran = onThreads(tunnels_.size(), [&](std::size_t n) { run(tunnels_[n]); });
      for (std::size_t n = 0; !ran && n < tunnels_.size(); ++n) {
        results_[tunnels_[n].step] = ran;
      }
      return;
    }
    // An end that gets a keepalive begins a handshake. If both ends of a tunnel do so at the same moment, each drops
    // its own for the other's, and they try again only 5 s later (REKEY_TIMEOUT). So they speak one after the other.
    const auto patience = deadline_.earlier(base::Deadline::after(kHandshakesTime));
    for (std::size_t n = 0; n < tunnels_.size(); ++n) {
      run(tunnels_[n]);
      if (results_[tunnels_[n].step] && n + 1 < tunnels_.size()) {
        awaitHandshakes(std::get<WgDevice>(*steps_[tunnels_[n].step].after), patience);
      }
    }
  }

  // Best effort: a peer that answers later, or never, is not waited for.
  void awaitHandshakes(const WgDevice& device, base::Deadline patience) {
    const auto deadline = patience.earlier(base::Deadline::after(kHandshakeTime));
    while (!deadline.passed()) {
      const auto peers = tunnelPeers(environment_, lab_, device, deadline);
      if (!peers || std::all_of(peers->begin(), peers->end(),
                                [](const TunnelPeer& peer) { return peer.handshakeAgeSeconds.has_value(); })) {
        return;
      }
      std::this_thread::sleep_for(kHandshakePause);
    }
  }

  // Namespace by namespace, so that each is entered once.
  void runTasks(std::vector<Task>& tasks) {
    std::map<std::string, std::vector<Task*>> byNetns;
    for (Task& task : tasks) {
      byNetns[task.netns].push_back(&task);
    }
    std::vector<std::vector<Task*>*> groups;
    groups.reserve(byNetns.size());
    for (auto& [netns, group] : byNetns) {
      groups.push_back(&group);
    }
    auto ran = onThreads(groups.size(), [&](std::size_t n) { runGroup(*groups[n]); });
    for (Task& task : tasks) {
      if (!ran) {
        task.result = ran;
      }
      settle(task);
    }
  }

  void settle(Task& task) {
    if (task.result || !results_[task.step]) {
      return;
    }
    if (steps_[task.step].action == Action::kDelete && alreadyGone(task.result.error())) {
      return;
    }
    results_[task.step] = std::move(task.result);
  }

  void runGroup(std::vector<Task*>& group) {
    const std::string& netns = group.front()->netns;
    auto socket = enterOwned(environment_, environment_.pins.path(lab_, netns), deadline_);
    if (!socket) {
      for (Task* task : group) {
        task->result = base::fail(socket.error());
      }
      return;
    }
    Session session(lab_, netns, std::move(*socket), environment_.procSys, deadline_);
    std::vector<Message> messages;
    std::vector<Task*> senders;
    const auto flush = [&] {
      auto answers = session.route.transact(messages, deadline_);
      for (std::size_t n = 0; n < senders.size(); ++n) {
        senders[n]->result = std::move(answers[n]);
      }
      messages.clear();
      senders.clear();
    };
    for (Task* task : group) {
      if (deadline_.passed()) {
        task->result = base::fail(tooLate(task->step));
      } else if (task->action) {
        flush();
        task->result = task->action(session);
      } else if (auto message = task->request(session)) {
        messages.push_back(std::move(*message));
        senders.push_back(task);
      } else {
        task->result = base::fail(std::move(message.error()));
      }
    }
    flush();
  }

  Environment& environment_;
  const std::string& lab_;
  std::span<const Step> steps_;
  base::Deadline deadline_;
  std::vector<base::Result<>> results_;
  std::vector<Job> jobs_;
  std::vector<Job> tunnels_;
  std::vector<Task> tasks_;
  std::vector<Task> farEnds_;
  bool newNamespaces_ = false;
};

}  // namespace

std::vector<base::Result<>> execute(Environment& environment, const std::string& lab, std::span<const Step> steps,
                                    base::Deadline deadline) {
  if (auto valid = checkLabName(lab); !valid) {
    return std::vector<base::Result<>>(steps.size(), valid);
  }
  return Execution(environment, lab, steps, deadline).run();
}

}  // namespace vpclab::kernel
