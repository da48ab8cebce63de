#include "kernel/execute.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "kernel/link_requests.h"
#include "kernel/namespaces.h"
#include "kernel/neighbours.h"
#include "kernel/nft.h"
#include "kernel/parameters.h"
#include "kernel/qdisc_requests.h"
#include "kernel/route_requests.h"
#include "kernel/session.h"
#include "kernel/threads.h"
#include "kernel/tunnel_turns.h"
#include "kernel/tunnels.h"
#include "plan/order.h"

namespace vpclab::kernel {

namespace {

using namespace vpclab::state;
using plan::Action;
using plan::Step;

// A part of a step that is done inside one namespace: either a request that may travel with others, or an action.
struct Task {
  std::size_t step = 0;
  base::SharedString netns;
  std::function<base::Result<Message>(Session&)> request;
  std::function<base::Result<>(Session&)> action;
  base::Result<> result;
  bool cable = false;  // the far end of a new one
};

// A part of a step that finds its namespaces itself.
struct Job {
  std::size_t step = 0;
  std::function<base::Result<>()> action;
};

bool alreadyGone(const base::Error& error) {
  return error.kind() == base::ErrorKind::kNotFound || error.errnoValue() == EADDRNOTAVAIL;
}

class Execution {
 public:
  Execution(Environment& environment, const std::string& lab, std::span<const Step> steps, base::Deadline deadline,
            KindTimes* times)
      : environment_(environment),
        lab_(lab),
        steps_(steps),
        deadline_(deadline),
        times_(times),
        results_(steps.size()) {}

  std::vector<base::Result<>> run() {
    made_.resize(steps_.size());
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const auto& object = steps_[i].after ? steps_[i].after : steps_[i].before;
      std::visit([this, i](const auto& o) { add(i, o); }, *object);
    }
    runJobs();
    const auto pinning = births_.empty() ? base::Result<base::UniqueFd>() : environment_.pins.makeDirectory();
    if (!pinning) {
      std::fill(results_.begin(), results_.end(), base::fail(pinning.error()));
      return std::move(results_);
    }
    // A tunnel waits for a process to start most of the time, and needs no cable for that; only its own namespace's
    // tasks need it.
    std::vector<Task> others = takeTasksBesideTunnels();
    auto ran = onThreads(tunnels_.empty() ? 1 : 2, [&](std::size_t n) {
      if (n == 1) {
        runTunnels();
        return;
      }
      runTasks(cables_);
      runFollowing(others);
    });
    if (!ran) {
      std::fill(results_.begin(), results_.end(), ran);
      return std::move(results_);
    }
    runFollowing(tasks_);
    awaitUnderlay();
    return std::move(results_);
  }

 private:
  Verb verb(std::size_t i) const {
    return steps_[i].action == Action::kCreate   ? Verb::kCreate
           : steps_[i].action == Action::kUpdate ? Verb::kReplace
                                                 : Verb::kDelete;
  }
  void job(std::size_t i, std::function<base::Result<>()> action) { jobs_.push_back({i, std::move(action)}); }
  void action(std::size_t i, const base::SharedString& netns, std::function<base::Result<>(Session&)> call) {
    tasks_.push_back({i, netns, {}, std::move(call), {}, false});
  }
  void request(std::size_t i, const base::SharedString& netns, std::function<base::Result<Message>(Session&)> build) {
    tasks_.push_back({i, netns, std::move(build), {}, {}, false});
  }

  // One overload per kind. The objects live in the caller's steps, so that references to them hold.
  void add(std::size_t i, const Netns& netns) {
    if (steps_[i].action == Action::kCreate) {
      births_[netns.name] = i;  // by the thread that goes on with what is in it
      return;
    }
    job(i, [this, i, &netns] {
      return steps_[i].action == Action::kUpdate
                 ? updateNetns(environment_, lab_, netns, deadline_)
                 : deleteNetns(environment_, lab_, netns, held_.contains(netns.name.str()), deadline_);
    });
  }
  void add(std::size_t i, const WgDevice&) {
    tunnels_.push_back({i, [this, i] { return executeWg(environment_, lab_, steps_[i], deadline_); }});
  }
  void add(std::size_t i, const Process&) {
    job(i, [this, i] { return environment_.keepers.execute(lab_, steps_[i], deadline_); });
  }

  void add(std::size_t i, const Sysctls& sysctls) {
    if (steps_[i].action == Action::kDelete) {
      return;  // there is no value that they should have instead
    }
    for (const auto& [path, value] : sysctls.parameters) {
      if (!isManagedSysctl(path)) {
        results_[i] =
            base::fail(base::ErrorKind::kUnsupported, path + " is not among the parameters that vpclab manages");
        return;
      }
    }
    const auto& before = steps_[i].before;
    if (sysctls.link.empty() && !before && births_.contains(sysctls.netns)) {
      action(i, sysctls.netns, [this, &sysctls](Session& s) {
        const Sysctls fresh{sysctls.netns, {}, newNamespace_.parameters()};
        return write(s, toWrite(sysctls, &fresh));
      });
      return;
    }
    Parameters parameters = toWrite(sysctls, before ? &std::get<Sysctls>(*before) : nullptr);
    if (sysctls.link.empty()) {
      action(i, sysctls.netns, [parameters = std::move(parameters)](Session& s) { return write(s, parameters); });
    } else {
      request(i, sysctls.netns, [&sysctls, parameters = std::move(parameters)](Session& s) {
        return parametersRequest(s, sysctls.link, parameters);
      });
    }
  }
  // All that can be; the first error counts.
  static base::Result<> write(const Session& session, const Parameters& parameters) {
    base::Result<> out;
    for (const auto& [path, value] : parameters) {
      auto written = session.procSys.write(path, value);
      if (out && !written) {
        out = std::move(written);
      }
    }
    return out;
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
        cables_.push_back(
            {i, main.netns, {}, [this, i, &main, &peer](Session& s) { return connect(i, s, main, peer); }, {}, false});
        if (peer.up || !peer.master.empty()) {
          tasks_.push_back({i, peer.netns, [this, i, &peer](Session& s) { return farEnd(i, s, peer); }, {}, {}, true});
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
  base::Result<> connect(std::size_t i, Session& session, const VethEnd& main, const VethEnd& peer) {
    auto target = openPin(environment_.pins.path(lab_, peer.netns));
    auto made = target ? createVeth(session, main, peer, *target) : base::fail(std::move(target.error()));
    if (!made) {
      return base::fail(std::move(made.error()));
    }
    made_[i] = *made;
    return {};
  }
  base::Result<Message> farEnd(std::size_t i, Session& session, const VethEnd& peer) {
    session.links.learn(peer.name, made_[i]);
    return vethPeerRequest(session, peer);
  }
  void updateEnd(std::size_t i, const VethEnd& before, const VethEnd& after) {
    if (!(before == after)) {
      action(i, after.netns, [&after](Session& s) { return updateVethEnd(s, after); });
    }
  }
  void add(std::size_t i, const Address& address) {
    if (steps_[i].action != Action::kUpdate) {
      request(i, address.netns, [this, i, &address](Session& s) { return addressRequest(s, verb(i), address); });
      return;
    }
    for (const AddressRoute& route : routesOf(address, std::get<Address>(*steps_[i].before).lost)) {
      request(i, address.netns, [&address, route](Session& s) { return addressRouteRequest(s, address, route); });
    }
  }
  void add(std::size_t i, const Route& route) {
    request(i, route.netns, [this, i, &route](Session& s) { return routeRequest(s, verb(i), route); });
  }
  void add(std::size_t i, const Rule& rule) {
    request(i, rule.netns, [this, i, &rule](Session& s) { return ruleRequest(s, verb(i), rule); });
  }
  void add(std::size_t i, const Neighbours& table) {
    action(i, table.netns, [this, i, &table](Session& s) {
      const Neighbours none{table.netns, table.link, {}};
      const auto& before = steps_[i].before;
      environment_.neighbourHints.note(lab_, {steps_[i].after ? steps_[i].after : steps_[i].before, &table});
      return changeNeighbours(s, before ? std::get<Neighbours>(*before) : none,
                              verb(i) == Verb::kDelete ? none : table);
    });
  }
  void add(std::size_t i, const Qdisc& qdisc) {
    action(i, qdisc.netns, [this, i, &qdisc](Session& s) {
      const auto& before = steps_[i].before;
      return verb(i) == Verb::kDelete ? deleteQdisc(s, qdisc)
                                      : putQdisc(s, qdisc, before ? &std::get<Qdisc>(*before) : nullptr);
    });
  }
  void add(std::size_t i, const NftTable& table) {
    action(i, table.netns, [this, i, &table](Session& s) {
      return verb(i) == Verb::kDelete ? deleteNftTable(s.netns, table.family, s.deadline)
                                      : putNftTable(table, s.deadline);
    });
  }

  Kind kindOf(std::size_t i) const { return steps_[i].key.kind; }
  base::Error tooLate(std::size_t i) const {
    return {base::ErrorKind::kTimeout, steps_[i].key.toString() + ": the deadline passed before it could begin"};
  }

  std::vector<std::string> going() const {
    std::vector<std::string> nodes;
    for (const Job& entry : jobs_) {
      const Step& step = steps_[entry.step];
      if (step.action == Action::kDelete && step.key.kind == Kind::kNetns) {
        nodes.push_back(std::get<Netns>(*step.before).name);
      }
    }
    return nodes;
  }

  void runJobs() {
    if (jobs_.empty()) {
      return;
    }
    held_ = heldNodes(environment_, lab_, going());
    auto ran = onThreads(jobs_.size(), [this](std::size_t n) {
      const Job& entry = jobs_[n];
      const KindTimes::Scope scope(times_, kindOf(entry.step), 1);
      results_[entry.step] = deadline_.passed() ? base::fail(tooLate(entry.step)) : entry.action();
    });
    for (std::size_t n = 0; !ran && n < jobs_.size(); ++n) {
      results_[jobs_[n].step] = ran;
    }
  }

  // Those that may run while tunnels come about. New namespaces stay with the rest: they are made there.
  std::vector<Task> takeTasksBesideTunnels() {
    std::vector<Task> out;
    if (tunnels_.empty() || !births_.empty()) {
      return out;
    }
    std::unordered_set<std::string> waiting;
    for (const Job& job : tunnels_) {
      for (const auto& netns : plan::namespacesOf(plan::objectOf(steps_[job.step]))) {
        waiting.insert(netns);
      }
    }
    const auto rest = std::stable_partition(tasks_.begin(), tasks_.end(),
                                            [&](const Task& task) { return waiting.contains(task.netns); });
    out.assign(std::make_move_iterator(rest), std::make_move_iterator(tasks_.end()));
    tasks_.erase(rest, tasks_.end());
    return out;
  }

  void runTunnels() {
    const auto run = [this](const Job& job) {
      const KindTimes::Scope scope(times_, Kind::kWgDevice, 1);
      results_[job.step] = deadline_.passed() ? base::fail(tooLate(job.step)) : job.action();
    };
    if (tunnels_.empty() || steps_[tunnels_.front().step].action != Action::kUpdate) {
      auto ran = onThreads(tunnels_.size(), [&](std::size_t n) { run(tunnels_[n]); });
      for (std::size_t n = 0; !ran && n < tunnels_.size(); ++n) {
        results_[tunnels_[n].step] = ran;
      }
      return;
    }
    std::vector<TunnelUpdate> updates;
    for (const Job& job : tunnels_) {
      const plan::Step& step = steps_[job.step];
      updates.push_back({&std::get<WgDevice>(*step.before), &std::get<WgDevice>(*step.after)});
    }
    speakInTurn(environment_, lab_, updates, deadline_, [&](std::size_t n) {
      run(tunnels_[n]);
      return results_[tunnels_[n].step].has_value();
    });
  }

  // The ports of the new tunnels' cables. Best effort, as any carrier.
  void awaitUnderlay() {
    std::unordered_set<std::string> sockets;
    for (const Job& job : tunnels_) {
      if (steps_[job.step].action == Action::kCreate) {
        sockets.insert(std::get<WgDevice>(*steps_[job.step].after).socketNetns);
      }
    }
    std::vector<plan::LinkName> ports;
    for (const Task& cable : cables_) {
      const auto& veth = std::get<Veth>(*steps_[cable.step].after);
      const VethEnd& port = veth.a.netns == cable.netns ? veth.a : veth.b;
      const bool leadsToSocket = sockets.contains(veth.a.netns) || sockets.contains(veth.b.netns);
      if (leadsToSocket && results_[cable.step] && veth.a.up && veth.b.up) {
        ports.emplace_back(port.netns, port.name);
      }
    }
    awaitCarriers(environment_, lab_, ports, deadline_);
  }

  // What is in a namespace follows the cables that lead into it, where they came about.
  void runFollowing(std::vector<Task>& tasks) {
    std::erase_if(tasks, [this](const Task& task) { return task.cable && !results_[task.step]; });
    runTasks(tasks);
  }

  struct Group {
    std::string netns;
    std::vector<Task*> tasks;
  };

  // Namespace by namespace, so that each is entered once; new ones are made on the way.
  void runTasks(std::vector<Task>& tasks) {
    std::vector<Group> groups;
    std::unordered_map<std::string, std::size_t> places;
    const auto groupOf = [&](const std::string& netns) -> Group& {
      const auto [it, fresh] = places.emplace(netns, groups.size());
      return fresh ? groups.emplace_back(Group{netns, {}}) : groups[it->second];
    };
    if (&tasks == &tasks_) {
      for (const auto& [netns, step] : births_) {
        groupOf(netns);
      }
    }
    for (Task& task : tasks) {
      groupOf(task.netns).tasks.push_back(&task);
    }
    auto ran = onThreads(groups.size(), [&](std::size_t n) { runGroup(groups[n]); });
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
    const Step& step = steps_[task.step];
    if (step.action == Action::kDelete && alreadyGone(task.result.error())) {
      return;
    }
    if (step.action == Action::kUpdate && step.key.kind == Kind::kAddress &&
        task.result.error().errnoValue() == EEXIST) {
      return;  // another address of the link has the same route, and was mended before
    }
    results_[task.step] = std::move(task.result);
  }

  // A socket in the namespace, which is made first if it is a new one.
  base::Result<NetlinkSocket> open(const std::string& netns) {
    const auto birth = births_.find(netns);
    const KindTimes::Scope scope(times_, Kind::kNetns, birth == births_.end() ? 0 : 1);
    if (birth == births_.end()) {
      return enterOwned(environment_, environment_.pins.path(lab_, netns), deadline_);
    }
    const std::size_t step = birth->second;
    auto made = deadline_.passed() ? base::Result<NetlinkSocket>(base::fail(tooLate(step)))
                                   : createNetns(environment_, lab_, std::get<Netns>(*steps_[step].after), deadline_);
    if (!made) {
      results_[step] = base::fail(made.error());
    }
    return made;
  }

  void runGroup(const Group& group) {
    auto socket = open(group.netns);
    if (!socket) {
      for (Task* task : group.tasks) {
        task->result = base::fail(socket.error());
      }
      return;
    }
    Session session(lab_, group.netns, std::move(*socket), environment_.procSys, deadline_);
    std::vector<Message> messages;
    std::vector<Task*> senders;
    const auto flush = [&] {
      if (senders.empty()) {
        return;
      }
      const KindTimes::Scope scope(times_, kindOf(senders.front()->step), senders.size());
      auto answers = session.route.transact(messages, deadline_);
      for (std::size_t n = 0; n < senders.size(); ++n) {
        senders[n]->result = std::move(answers[n]);
      }
      messages.clear();
      senders.clear();
    };
    for (Task* task : group.tasks) {
      if (!senders.empty() && kindOf(task->step) != kindOf(senders.front()->step)) {
        flush();  // so that each kind's time is known; how much goes in one send makes no difference
      }
      if (deadline_.passed()) {
        task->result = base::fail(tooLate(task->step));
      } else if (task->action) {
        flush();
        const KindTimes::Scope scope(times_, kindOf(task->step), 1);
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
  KindTimes* times_;
  std::vector<base::Result<>> results_;
  std::vector<Job> jobs_;
  std::set<std::string> held_;  // nodes: see deleteNetns
  std::vector<Job> tunnels_;
  std::vector<Task> cables_;
  std::vector<Task> tasks_;
  std::unordered_map<std::string, std::size_t> births_;  // new namespaces, with their steps
  NewNamespace newNamespace_;
  std::vector<int> made_;  // for each step that makes a cable: the index of its far end
};

}  // namespace

std::vector<base::Result<>> execute(Environment& environment, const std::string& lab, std::span<const Step> steps,
                                    base::Deadline deadline, KindTimes* times) {
  if (auto valid = checkLabName(lab); !valid) {
    return std::vector<base::Result<>>(steps.size(), valid);
  }
  return Execution(environment, lab, steps, deadline, times).run();
}

}  // namespace vpclab::kernel
