#include "fake/random_lab.h"

#include <algorithm>

namespace vpclab::tests {

using namespace vpclab::lab;

namespace {

class Generator {
 public:
  explicit Generator(std::mt19937& random) : random_(random) {}

  Lab run() {
    lab_.name = "random";
    for (int i = 0; i < 2; ++i) {
      add(lab_.regions, Region{{"r" + std::to_string(i), "", at()}});
    }
    const int vpcs = 1 + below(3);
    for (int i = 0; i < vpcs; ++i) {
      addVpc(i);
    }
    addBorderRouters();
    addSdwan();
    addPolicies();
    addEips();
    addBalancer();
    return std::move(lab_);
  }

 private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  bool maybe(int percent) { return below(100) < percent; }
  SourcePos at() { return {"random.yaml", ++line_, 1}; }
  template <class T>
  static void add(std::map<std::string, T>& map, T value) {
    const std::string id = value.id;
    map.emplace(id, std::move(value));
  }
  static net::IpAddr ip(int a, int b, int c, int d) {
    return net::IpAddr::v4(static_cast<std::uint32_t>((a << 24) | (b << 16) | (c << 8) | d));
  }

  void addVpc(int i) {
    Vpc vpc{{"vpc" + std::to_string(i), "", at()}, "r" + std::to_string(i % 2), net::Prefix(ip(10, i, 0, 0), 16), {}};
    const int vxnets = 1 + below(2);
    for (int j = 0; j < vxnets; ++j) {
      Vxnet vxnet{{"net" + std::to_string(i) + std::to_string(j), "", at()},
                  vpc.id,
                  net::Prefix(ip(10, i, j, 0), maybe(80) ? 24 : 25)};
      const int servers = below(3);
      for (int k = 0; k < servers; ++k) {
        addServer(vxnet, i, j, k);
      }
      add(lab_.vxnets, vxnet);
    }
    add(lab_.vpcs, vpc);
  }

  void addServer(const Vxnet& vxnet, int i, int j, int k) {
    Server server{{"s" + std::to_string(i) + std::to_string(j) + std::to_string(k), "", at()}, vxnet.id};
    if (maybe(30)) {
      server.address = ip(10, i, j, 20 + k + below(3) * 3);
    }
    if (maybe(60)) {
      server.http = HttpPage{80, "page " + std::to_string(below(3)), "text/html", at()};
    }
    if (maybe(20)) {
      server.run = {"daemon", std::to_string(below(2))};
    }
    // What every kernel can do.
    server.line.rate = maybe(20) ? 1'000'000U * static_cast<unsigned>(1 + below(2)) : 0;
    server.line.lossPerMillion = maybe(30) ? 10'000U * static_cast<unsigned>(1 + below(3)) : 0;
    add(lab_.servers, server);
  }

  void addBorderRouters() {
    for (int r = 0; r < 2; ++r) {
      BorderRouter router{{"br" + std::to_string(r), "", at()}, "r" + std::to_string(r), {}};
      Domain first{"main", {}, {}, at()};
      Domain second{"other", {}, {}, at()};
      const bool split = maybe(30);
      for (const auto& [id, vxnet] : lab_.vxnets) {
        if (lab_.vpcs.at(vxnet.vpc).region == router.region && maybe(80)) {
          const net::IpAddr address = *vxnet.cidr.at(maybe(80) ? vxnet.cidr.count() - 2 : 100);
          (split && maybe(50) ? second : first).joins.push_back({id, address, at()});
        }
      }
      if (!first.joins.empty() && maybe(30)) {
        const Vxnet& vxnet = lab_.vxnets.at(first.joins[0].vxnet);
        first.routes.push_back({"", net::Prefix(ip(10, 100 + r, 0, 0), 16), *vxnet.cidr.at(99), at()});
      }
      for (auto* domain : {&first, &second}) {
        if (!domain->joins.empty()) {
          router.domains.push_back(*domain);
        }
      }
      if (!router.domains.empty() && maybe(85)) {
        add(lab_.borderRouters, router);
      }
    }
  }

  void addSdwan() {
    if (lab_.borderRouters.empty() || maybe(30)) {
      return;
    }
    Sdwan wan{{"wan1", "", at()}, {}};
    for (const auto& [id, router] : lab_.borderRouters) {
      AccessPoint point{{"ap-" + id, "", at()}, router.region, id, router.domains[0].id};
      point.line.rate = maybe(50) ? 10'000'000U * static_cast<unsigned>(1 + below(2)) : 0;
      point.line.lossPerMillion = maybe(30) ? 1000U * static_cast<unsigned>(1 + below(2)) : 0;
      wan.accessPoints.push_back(point);
    }
    add(lab_.sdwans, wan);
  }

  void addPolicies() {
    for (auto& entry : lab_.vpcs) {
      auto& vpc = entry.second;
      for (const auto& [routerId, router] : lab_.borderRouters) {
        const bool joined = std::any_of(router.domains.begin(), router.domains.end(), [&](const Domain& domain) {
          return std::any_of(domain.joins.begin(), domain.joins.end(),
                             [&](const Join& join) { return lab_.vxnets.at(join.vxnet).vpc == vpc.id; });
        });
        for (int other = 0; joined && other < 3; ++other) {
          if (vpc.cidr.address() != ip(10, other, 0, 0) && maybe(70)) {
            vpc.routePolicies.push_back({"", net::Prefix(ip(10, other, 0, 0), 16), routerId, at()});
          }
        }
      }
    }
  }

  void addEips() {
    for (int i = 0; i < 3; ++i) {
      if (maybe(70)) {
        Eip eip{{"eip-" + std::to_string(i), "", at()}, "r0", ip(139, 198, 18, 130 + i)};
        eip.line.rate = maybe(40) ? 5'000'000 : 0;
        add(lab_.eips, eip);
      }
    }
    if (lab_.eips.count("eip-2") != 0 && !lab_.servers.empty()) {
      auto it = lab_.servers.begin();
      std::advance(it, below(static_cast<int>(lab_.servers.size())));
      it->second.eip = "eip-2";
    }
  }

  void addBalancer() {
    if (maybe(30)) {
      return;
    }
    auto vxnet = lab_.vxnets.begin();
    std::advance(vxnet, below(static_cast<int>(lab_.vxnets.size())));
    lab::LoadBalancer balancer{{"lb", "", at()}, vxnet->first};
    for (const std::string id : {"eip-0", "eip-1"}) {
      if (lab_.eips.count(id) != 0 && maybe(70)) {
        balancer.eips.push_back(id);
      }
    }
    lab::Listener listener;
    listener.id = "web";
    listener.port = static_cast<std::uint16_t>(80 + below(2));
    for (const auto& [id, server] : lab_.servers) {
      listener.backends.push_back(
          {id, std::nullopt, static_cast<std::uint16_t>(80 + below(2)), 1, false, false, 0, at()});
    }
    balancer.listeners.push_back(listener);
    if (maybe(60)) {
      RouteTable table{{"table", "", at()}, RouteTable::For::kLoadBalancer, {}};
      table.routes.push_back({"", net::Prefix(ip(10, 0, 0, 0), 8), *vxnet->second.cidr.at(1), "", maybe(20), at()});
      add(lab_.routeTables, table);
      balancer.routeTable = "table";
    }
    add(lab_.loadBalancers, balancer);
  }

  std::mt19937& random_;
  Lab lab_;
  int line_ = 0;
};

}  // namespace

Lab randomLab(std::mt19937& random) {
  return Generator(random).run();
}

Lab shuffled(Lab lab, std::mt19937& random) {
  for (auto& [id, vpc] : lab.vpcs) {
    std::shuffle(vpc.routePolicies.begin(), vpc.routePolicies.end(), random);
  }
  for (auto& [id, router] : lab.borderRouters) {
    std::shuffle(router.domains.begin(), router.domains.end(), random);
    for (auto& domain : router.domains) {
      std::shuffle(domain.joins.begin(), domain.joins.end(), random);
      std::shuffle(domain.routes.begin(), domain.routes.end(), random);
    }
  }
  for (auto& [id, wan] : lab.sdwans) {
    std::shuffle(wan.accessPoints.begin(), wan.accessPoints.end(), random);
  }
  for (auto& [id, table] : lab.routeTables) {
    std::shuffle(table.routes.begin(), table.routes.end(), random);
  }
  return lab;
}

}  // namespace vpclab::tests
