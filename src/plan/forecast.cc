#include "plan/forecast.h"

#include <algorithm>
#include <set>

#include "plan/order.h"
#include "plan/plan.h"
#include "state/ingress_loss.h"

namespace vpclab::plan {

using namespace vpclab::state;

namespace {

class Forecaster {
 public:
  Forecaster(const State& observed, std::span<const Difference> differences)
      : observed_(observed), differences_(differences) {}

  Forecast run() {
    doomDirectly();
    doomStrays();
    takeLinks();
    noteWhatGoes();
    findReleased();
    takeAddresses();
    takeRest();
    routeReleased();
    alterWhatStays();
    narrowParameters();
    return std::move(out_);
  }

 private:
  void doom(const Key& key, std::string reason) { out_.doomed.emplace(key, std::move(reason)); }
  void imply(const Key& key, const Key& cause) {
    out_.doomed.erase(key);
    out_.implied.emplace(key, cause);
  }

  template <class T, class F>
  void visit(F&& call) const {
    observed_.each<T>(call);
  }
  // Nothing else can be affected by what goes: it lies in the same namespace.
  template <class T, class F>
  void visitAffected(F&& call) const {
    for (const auto& netns : affected_) {
      observed_.eachIn<T>(netns, call);
    }
  }
  // Each object that is a link: see linksOf().
  template <class F>
  void eachLink(F&& call) const {
    static_assert(Kind::kBridge < Kind::kVrf && Kind::kVrf < Kind::kVeth && Kind::kVeth < Kind::kWgDevice);
    const auto end = observed_.from({Kind::kAddress});
    for (auto it = observed_.from({Kind::kBridge}); it != end; ++it) {
      call(it->key(), *it->object);
    }
  }
  bool anyGoes(Kind from, Kind before) const {
    const auto found = [&](const auto& going) {
      const auto first = going.lower_bound({from});
      return first != going.end() && first->first.kind < before;
    };
    return found(out_.doomed) || found(out_.implied);
  }

  static Key netnsKey(const std::string& netns) { return Netns{netns}.key(); }
  bool namespaceGoes(const std::string& netns) const { return out_.goes(netnsKey(netns)); }
  // Goes, or went already by another's hand.
  bool namespaceLost(const std::string& netns) const {
    return namespaceGoes(netns) || observed_.find(netnsKey(netns)) == nullptr;
  }
  // The link that goes away under this name, if one does.
  const Key* goingLink(const std::string& netns, const std::string& link) const {
    const auto it = goingLinks_.empty() ? goingLinks_.end() : goingLinks_.find({netns, link});
    return it != goingLinks_.end() ? &it->second : nullptr;
  }

  // What is not wanted, and what can only be replaced.
  void doomDirectly() {
    for (const auto& [want, have] : differences_) {
      if (want == nullptr) {
        doom(have->key(), "not wanted any more");
      } else if (have != nullptr && compare(*want->object, *have->object) == Change::kReplace) {
        doom(have->key(), describeDifference(*want->object, *have->object));
      }
    }
  }

  // What outlives its namespace, and is of no use then: processes keep running in it, a tunnel's socket is closed.
  void doomStrays() {
    visit<Process>([this](const Key& key, const Process& process) {
      if (!process.netns.empty() && namespaceLost(process.netns)) {
        doom(key, "its namespace " + process.netns + " is gone or goes");
      }
    });
    visit<WgDevice>([this](const Key& key, const WgDevice& device) {
      for (const auto* netns : {&device.socketNetns, &device.netns}) {
        if (namespaceLost(*netns)) {
          doom(key, "its namespace " + *netns + " is gone or goes");
        }
      }
    });
  }

  void takeLinks() {
    if (!anyGoes(Kind::kNetns, Kind::kSysctl)) {
      return;
    }
    eachLink([this](const Key& key, const Object& object) {
      const auto* device = std::get_if<WgDevice>(&object);
      if (device != nullptr && device->implementation == TunnelImplementation::kWireGuardGo) {
        return;  // a process that the keeper would start again: ended by a step
      }
      for (const auto& [netns, name] : linksOf(object)) {
        if (namespaceGoes(netns)) {
          imply(key, netnsKey(netns));
          break;
        }
      }
    });
  }

  // All links that go are known now.
  void noteWhatGoes() {
    const auto note = [this](const Key& key) {
      const Object& object = *observed_.find(key)->object;
      for (const auto& netns : namespacesOf(object)) {
        affected_.insert(netns);
      }
      for (auto& link : linksOf(object)) {
        goingLinks_.emplace(std::move(link), key);
      }
    };
    for (const auto& [key, reason] : out_.doomed) {
      note(key);
    }
    for (const auto& [key, cause] : out_.implied) {
      note(key);
    }
    noteHalves();
  }
  // Where a link is missing, what is on one of its name is on what is left of a former one: the half of a cable whose
  // far end is going with its namespace, with all that is on it, or makes way for the new one.
  void noteHalves() {
    for (const auto& [want, have] : differences_) {
      if (have != nullptr) {
        continue;
      }
      for (auto& link : linksOf(*want->object)) {
        if (!namespaceLost(link.first)) {
          affected_.insert(link.first);
          goingLinks_.emplace(std::move(link), want->key());
        }
      }
    }
  }

  // Links that stay but change hands: enslaving to a VRF and releasing from it takes the link down and up again
  // (cycle_netdev in vrf.c), which drops its routes.
  void findReleased() {
    if (!goingLinks_.empty()) {
      eachLink([this](const Key& key, const Object& object) {
        if (out_.goes(key)) {
          return;
        }
        for (const auto& [netns, master] : linksNeededBy(object)) {
          if (goingLink(netns, master) != nullptr) {
            addReleased(object, netns);
          }
        }
      });
    }
    for (const auto& [want, have] : differences_) {
      if (want != nullptr && have != nullptr && !out_.goes(have->key())) {
        noteMasterChange(*want->object, *have->object);
      }
    }
    for (const auto& [netns, link] : released_) {
      affected_.insert(netns);
    }
  }
  void addReleased(const Object& object, const std::string& netns) {
    for (const auto& link : linksOf(object)) {
      if (link.first == netns) {
        released_.insert(link);
      }
    }
  }
  void noteMasterChange(const Object& want, const Object& have) {
    const auto* wantVeth = std::get_if<Veth>(&want);
    const auto* haveVeth = std::get_if<Veth>(&have);
    if (wantVeth != nullptr && haveVeth != nullptr) {
      for (const auto end : {&Veth::a, &Veth::b}) {
        if ((wantVeth->*end).master != (haveVeth->*end).master) {
          released_.emplace((haveVeth->*end).netns, (haveVeth->*end).name);
        }
      }
    }
    const auto* wantDevice = std::get_if<WgDevice>(&want);
    const auto* haveDevice = std::get_if<WgDevice>(&have);
    if (wantDevice != nullptr && haveDevice != nullptr && wantDevice->master != haveDevice->master) {
      released_.emplace(haveDevice->netns, haveDevice->name);
    }
  }

  void takeAddresses() {
    std::map<LinkName, bool> anyLeft;
    visitAffected<Address>([&](const Key& key, const Address& address) {
      if (namespaceGoes(address.netns)) {
        imply(key, netnsKey(address.netns));
      } else if (const Key* link = goingLink(address.netns, address.link)) {
        imply(key, *link);
      } else {
        const bool goes = out_.goes(key);
        anyLeft[{address.netns, address.link}] |= !goes;
        if (goes) {
          lostSources_.emplace(address.netns, address.prefix.address());
        }
      }
    });
    // A link that loses its last address loses its routes (fib_disable_ip).
    for (const auto& [link, left] : anyLeft) {
      if (!left) {
        bare_.insert(link);
      }
    }
  }

  void takeRest() {
    visitAffected<Route>([this](const Key& key, const Route& route) { takeRoute(key, route); });
    visitAffected<Neighbours>([this](const Key& key, const Neighbours& table) { takeNeighbours(key, table); });
    visitAffected<Qdisc>([this](const Key& key, const Qdisc& qdisc) { takeOnLink(key, qdisc.netns, qdisc.link); });
    visitAffected<Sysctls>([this](const Key& key, const Sysctls& own) { takeOnLink(key, own.netns, own.link); });
    visitAffected<Rule>([this](const Key& key, const Rule& rule) { takeOnLink(key, rule.netns, ""); });
    visitAffected<NftTable>([this](const Key& key, const NftTable& table) { takeOnLink(key, table.netns, ""); });
  }
  void takeOnLink(const Key& key, const std::string& netns, const std::string& link) {
    if (namespaceGoes(netns)) {
      imply(key, netnsKey(netns));
    } else if (const Key* going = goingLink(netns, link)) {
      imply(key, *going);
    }
  }
  // arp_ifdown, when a link goes down or loses its last address.
  void takeNeighbours(const Key& key, const Neighbours& table) {
    takeOnLink(key, table.netns, table.link);
    const LinkName link{table.netns, table.link};
    if (out_.goes(key)) {
      return;
    }
    if (bare_.count(link) != 0) {
      doom(key, "the last address of " + table.link + " goes");
    } else if (released_.count(link) != 0) {
      doom(key, table.link + " changes its master");
    }
  }
  void takeRoute(const Key& key, const Route& route) {
    takeOnLink(key, route.netns, route.device);
    if (out_.goes(key)) {
      return;
    }
    const LinkName link{route.netns, route.device};
    if (route.preferredSource && lostSources_.count({route.netns, *route.preferredSource}) != 0) {
      doom(key, "its source address " + route.preferredSource->toString() + " goes");
    } else if (bare_.count(link) != 0) {
      doom(key, "the last address of " + route.device + " goes");
    } else if (released_.count(link) != 0) {
      doom(key, route.device + " changes its master");
    }
  }

  // The kernel adds the routes of a link's addresses again when it is up again.
  void routeReleased() {
    for (const auto& [netns, link] : released_) {
      observed_.eachIn<Address>(netns, [&, link = link](const Key& key, const Address& address) {
        if (address.link == link && address.lost.any() && !out_.goes(key)) {
          Address routed = address;
          routed.lost = {};
          out_.altered.add(std::move(routed));
        }
      });
    }
  }

  void alterWhatStays() {
    const auto look = [&](const Key& key, const auto& object) {
      if (out_.goes(key)) {
        return;
      }
      Object left = withoutLostParts(object);
      if (!(left == Object(object))) {
        out_.altered.add(std::move(left));
      }
    };
    if (!goingLinks_.empty()) {
      visit<Veth>([&](const Key& key, const Veth& veth) {
        if (isAffected(veth.a.netns) || isAffected(veth.b.netns)) {
          look(key, veth);
        }
      });
      visitAffected<WgDevice>(look);
      visitAffected<NftTable>(look);
    }
    visit<Process>([&](const Key& key, const Process& process) {
      if (losesSites(process)) {
        look(key, process);
      }
    });
  }
  void narrowParameters() {
    std::vector<Entry> narrowed;
    for (const auto& [want, have] : differences_) {
      const auto* wanted = want == nullptr ? nullptr : std::get_if<Sysctls>(want->object.get());
      if (wanted != nullptr && have != nullptr && !out_.goes(have->key())) {
        narrowed.emplace_back(onlyWanted(std::get<Sysctls>(*have->object), *wanted), have->origin);
      }
    }
    out_.altered.add(std::move(narrowed));
  }
  bool isAffected(const base::SharedString& netns) const { return affected_.contains(netns); }
  bool losesSites(const Process& process) const {
    const auto* pages = std::get_if<PageServer>(&process.spec);
    return pages != nullptr && std::any_of(pages->sites.begin(), pages->sites.end(),
                                           [this](const PageSite& site) { return namespaceLost(site.listen.netns); });
  }
  // What stays, less the masters that go and the sockets in namespaces that go.
  Object withoutLostParts(Object object) const {
    const auto release = [this](const std::string& netns, base::SharedString& master) {
      if (!master.empty() && goingLink(netns, master) != nullptr) {
        master = {};
      }
    };
    if (auto* veth = std::get_if<Veth>(&object)) {
      release(veth->a.netns, veth->a.master);
      release(veth->b.netns, veth->b.master);
    } else if (auto* device = std::get_if<WgDevice>(&object)) {
      release(device->netns, device->master);
    } else if (auto* table = std::get_if<NftTable>(&object)) {
      for (const auto& port : ingressDevicesOf(*table)) {
        if (goingLink(table->netns, port) != nullptr) {
          *table = withoutIngress(std::move(*table), port);
        }
      }
    } else if (auto* process = std::get_if<Process>(&object)) {
      if (auto* pages = std::get_if<PageServer>(&process->spec)) {
        std::erase_if(pages->sites, [this](const PageSite& site) { return namespaceLost(site.listen.netns); });
      }
    }
    return object;
  }

  const State& observed_;
  std::span<const Difference> differences_;
  std::map<LinkName, Key> goingLinks_;
  std::set<base::SharedString> affected_;  // the namespaces in which something goes, or a link changes hands
  std::set<LinkName> released_;
  std::set<LinkName> bare_;
  std::set<std::pair<std::string, net::IpAddr>> lostSources_;
  Forecast out_;
};

}  // namespace

Forecast forecastDeletions(const State& observed, std::span<const Difference> differences) {
  return Forecaster(observed, differences).run();
}

}  // namespace vpclab::plan
