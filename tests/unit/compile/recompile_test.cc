// That a part compiled again gives what the whole would: object by object, origin by origin, node by node.
#include "compile/recompile.h"

#include <functional>

#include <doctest/doctest.h>

#include "unit/compile/lab_files.h"

using namespace vpclab;

namespace {

std::string textOf(const compile::Compiled& compiled) {
  std::string out;
  for (const auto& entry : compiled.desired.entries()) {
    out += entry.key().toString() + ": " + entry.origin->noun + " " + entry.origin->pos.toString();
    for (const auto& [field, pos] : entry.origin->parts) {
      out += ", " + field + pos.toString();
    }
    out += "\n";
  }
  for (const auto& [id, node] : compiled.nodes) {
    out += id + ": " + node.id + " " + node.title + " " + node.kind + " " + node.region;
    for (const auto& interface : node.interfaces) {
      out += ", " + interface.name + " " + interface.fullName + " " + interface.attachedTo;
      for (const auto& address : interface.addresses) {
        out += " " + address.toString();
      }
    }
    out += "\n";
  }
  for (const auto& diagnostic : compiled.diagnostics) {
    out += diagnostic.toString() + "\n";
  }
  return out;
}

// Whether it was made from the former one; checks that it is what compile() gives.
bool again(const lab::Lab& before, const lab::Lab& now, const state::Capabilities& kernel = tests::fullKernel()) {
  const auto allocations = tests::allocated(before);
  const auto former = compile::compile(before, kernel, allocations);
  const auto next = tests::allocated(now, allocations);
  const auto part = compile::recompile({before, allocations, former}, now, kernel, next);
  if (part) {
    const auto whole = compile::compile(now, kernel, next);
    CHECK(part->desired == whole.desired);
    CHECK(textOf(*part) == textOf(whole));
  }
  return part.has_value();
}

lab::Lab loaded(const std::string& text) {
  lab::BundleSource source({{"lab.yaml", text}, {"page.html", "a page"}});
  auto out = lab::load("lab.yaml", source);
  REQUIRE(out.diagnostics.empty());
  return std::move(out.lab);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

const std::string kHead = R"(lab: part
regions: {r: {}}
vpcs:
  v: {region: r, cidr: 10.0.0.0/16, route_policies: [{to: 10.1.0.0/16, via: br}]}
  w: {region: r, cidr: 10.1.0.0/16, route_policies: [{to: 10.0.0.0/16, via: br}]}
vxnets:
  n: {vpc: v, cidr: 10.0.1.0/24}
  m: {vpc: w, cidr: 10.1.1.0/24}
border_routers: {br: {region: r, vxnets: [n, m]}}
)";

// Enough for permanent neighbours.
std::string many(const std::string& head = kHead) {
  std::string out = head + "servers:\n";
  for (int i = 0; i < 80; ++i) {
    out += "  s" + std::to_string(i) + ": {vxnet: " + (i % 2 == 0 ? "n" : "m") + ", address: 10." +
           std::to_string(i % 2) + ".1." + std::to_string(10 + i) + ", title: S}\n";
  }
  return out + "  last: {vxnet: n}\n";
}

}  // namespace

TEST_CASE("what is a server's own is compiled again alone") {
  const std::string before = many();
  const auto isAlone = [&](const std::string& what, const std::string& by) {
    CAPTURE(by);
    CHECK(again(loaded(before), loaded(replaced(before, what, by))));
  };
  CHECK(again(loaded(before), loaded(before)));
  isAlone("10.0.1.10,", "10.0.1.99,");
  isAlone("address: 10.0.1.10, title: S", "title: S, address: 10.0.1.99");
  isAlone(", address: 10.0.1.10", "");  // the first free one
  isAlone("{vxnet: n}", "{vxnet: n, address: 10.0.1.200}");
  isAlone("title: S", "title: T");
  isAlone("title: S", "title: T, rate: 8mbit");
  isAlone("title: S", "title: T, delay: 20ms");
}

TEST_CASE("two servers that change their addresses with each other, and one whose line is otherwise") {
  const std::string before = many();
  const std::string now = replaced(replaced(replaced(before, "10.0.1.10,", "10.0.1.X,"), "10.0.1.12,", "10.0.1.10,"),
                                   "10.0.1.X,", "10.0.1.12,");
  CHECK(again(loaded(before), loaded(now)));
  CHECK(again(loaded(replaced(before, "title: S", "title: S, rate: 8mbit")), loaded(now)));
}

TEST_CASE("a lab too small for permanent neighbours has none afterwards") {
  const std::string before = kHead + "servers:\n  a: {vxnet: n, address: 10.0.1.10}\n  b: {vxnet: m, run: [x, y]}\n";
  CHECK(again(loaded(before), loaded(replaced(before, "10.0.1.10", "10.0.1.11"))));
  CHECK(again(loaded(before), loaded(replaced(before, "[x, y]", "[x, z]"))));
}

TEST_CASE("what others go by needs the whole") {
  const auto isWhole = [](const std::string& before, const std::string& what, const std::string& by,
                          const state::Capabilities& kernel = tests::fullKernel()) {
    CAPTURE(by);
    CHECK_FALSE(again(loaded(before), loaded(replaced(before, what, by)), kernel));
  };
  const std::string before = many();
  isWhole(before, "s0: {vxnet: n, address: 10.0.1.10,", "s0: {vxnet: m, address: 10.1.1.10,");
  isWhole(before, "  last: {vxnet: n}\n", "");
  isWhole(before, "  last: {vxnet: n}\n", "  other: {vxnet: n}\n");
  isWhole(before, "  last: {vxnet: n}\n", "  last: {vxnet: n}\n  more: {vxnet: n}\n");
  isWhole(before, "servers:\n", "\nservers:\n");
  isWhole(before, "{vxnet: n}", "{vxnet: n, http: {page: page.html}}");
  isWhole(before, "{vxnet: n}", "{vxnet: n, run: [x]}");
  isWhole(before, "{vxnet: n}", "{vxnet: n, loss: 1%}", tests::bareKernel());
  isWhole(before, "lab: part", "lab: half");
  isWhole(before, "regions: {r: {}}", "regions: {r: {title: R}}");
  isWhole(before, "to: 10.1.0.0/16", "to: 10.1.1.0/24");
  isWhole(before, "[n, m]", "[m, n]");
  const std::string eip = "eips: {e: {region: r, address: 198.18.0.1}}\n";
  isWhole(before, "lab: part\n", "lab: part\n" + eip);
  isWhole(many(kHead + eip), "{vxnet: n}", "{vxnet: n, eip: e}");
  isWhole(replaced(many(kHead + eip), "{vxnet: n}", "{vxnet: n, eip: e}"), "{vxnet: n, eip",
          "{vxnet: n, title: L, eip");
  isWhole(
      many(kHead + "load_balancers: {lb: {vxnet: n, listeners: {web: {protocol: http, port: 80, backends: [{server: "
                   "s0, port: 80}]}}}}\n"),
      "10.0.1.10,", "10.0.1.99,");
  const std::string asked = before + "checks: [{ping: {from: s0, to: s1}}]\n";
  isWhole(asked, "{from: s0, to: s1}", "{from: internet, to: s1}");
  CHECK(again(loaded(asked), loaded(replaced(asked, "{from: s0, to: s1}", "{from: s1, to: s0}"))));
}

TEST_CASE("from what could not be compiled nothing is made") {
  const std::string before = replaced(many(), "{vxnet: n}", "{vxnet: n, delay: 20ms}");
  CHECK_FALSE(again(loaded(before), loaded(replaced(before, "title: S", "title: T")), tests::bareKernel()));
  const std::string plain = many();
  CHECK_FALSE(again(loaded(plain), loaded(before), tests::bareKernel()));
}

TEST_CASE("each server of each lab of ours") {
  const std::vector<std::function<void(lab::Server&)>> changes{
      [](lab::Server& server) { server.title += "'"; },
      [](lab::Server& server) { server.pos.column += 1; },
      [](lab::Server& server) { server.line.rate += 8'000'000; },
      [](lab::Server& server) { server.line.lossPerMillion += 10'000; },
      [](lab::Server& server) { server.run.emplace_back("x"); },
      [](lab::Server& server) {
        server.address = net::IpAddr::v4(server.address ? server.address->v4HostOrder() + 100 : 0);
      },
      [](lab::Server& server) { server.line.delay += 1'000, server.line.jitter += 100; },
      [](lab::Server& server) {
        server.line.ratePos = {"x", 1, 1}, server.line.rate = 8'000;
      },
      [](lab::Server& server) { server.documentRoot += "/x"; },
      [](lab::Server& server) { server.files.emplace_back("/x", "y"); },
      [](lab::Server& server) { server.eip.clear(); },
      [](lab::Server& server) {
        if (server.http) {
          server.http->body += "x";
        }
      },
      [](lab::Server& server) {
        if (server.http) {
          server.http->pos.line += 1;
        }
      },
      [](lab::Server& server) { server.http.reset(); }};
  std::size_t parts = 0;
  for (const std::string file :
       {"labs/cross-region/stage-4b.yaml", "labs/eip/lab.yaml", "labs/apache/lab.yaml", "labs/impaired/lab.yaml"}) {
    const auto before = tests::loadLab(file);
    REQUIRE(before.ok());
    for (const auto& [id, server] : before.lab.servers) {
      for (const auto& change : changes) {
        const std::string& name = id;  // no structured binding, which clang 14 captures in no lambda
        CAPTURE(name);
        auto now = before.lab;
        change(now.servers.at(id));
        parts += again(before.lab, now) ? 1 : 0;
        parts += again(before.lab, now, tests::bareKernel()) ? 1 : 0;
      }
    }
  }
  CHECK(parts > 0);
}

namespace {

struct Change {
  const char* what;
  std::function<void(lab::Lab&)> make;
};

// The first of a kind in the lab.
template <class T>
T& first(std::map<std::string, T>& nouns) {
  REQUIRE_FALSE(nouns.empty());
  return nouns.begin()->second;
}
lab::AccessPoint& point(lab::Lab& lab) {
  return first(lab.sdwans).accessPoints.front();
}
lab::Domain& domain(lab::Lab& lab) {
  return first(lab.borderRouters).domains.front();
}
lab::Listener& listener(lab::Lab& lab) {
  return first(lab.loadBalancers).listeners.front();
}
lab::Backend& backend(lab::Lab& lab) {
  return listener(lab).backends.front();
}
lab::TableRoute& route(lab::Lab& lab) {
  return first(lab.routeTables).routes.front();
}
lab::Pool pool(const lab::Lab& lab) {
  lab::Pool out;
  out.id = "p";
  out.backends = {lab.loadBalancers.begin()->second.listeners.front().backends.front()};
  return out;
}
net::IpAddr ip(const char* text) {
  return *net::IpAddr::parse(text);
}
net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

// Each field of each noun but servers, as the file may change it alone.
const std::vector<Change>& changes() {
  using std::chrono_literals::operator""s;
  static const std::vector<Change> kChanges{
      {"region title", [](auto& lab) { first(lab.regions).title += "'"; }},
      {"region place", [](auto& lab) { first(lab.regions).pos.line += 1; }},
      {"vpc title", [](auto& lab) { first(lab.vpcs).title += "'"; }},
      {"vpc place", [](auto& lab) { first(lab.vpcs).pos.line += 1; }},
      {"vpc region", [](auto& lab) { first(lab.vpcs).region = lab.regions.begin()->first; }},
      {"policy name", [](auto& lab) { first(lab.vpcs).routePolicies.front().name += "'"; }},
      {"policy network", [](auto& lab) { first(lab.vpcs).routePolicies.front().to = prefix("10.77.0.0/16"); }},
      {"policy router", [](auto& lab) { first(lab.vpcs).routePolicies.front().via = "gd-br1"; }},
      {"policy place", [](auto& lab) { first(lab.vpcs).routePolicies.front().pos.line += 1; }},
      {"no policy", [](auto& lab) { first(lab.vpcs).routePolicies.clear(); }},
      {"vxnet place", [](auto& lab) { first(lab.vxnets).pos.line += 1; }},
      {"vxnet vpc", [](auto& lab) { first(lab.vxnets).vpc = lab.vpcs.rbegin()->first; }},
      {"vxnet range", [](auto& lab) { first(lab.vxnets).cidr = prefix("172.16.1.0/25"); }},
      {"vxnet routes", [](auto& lab) { first(lab.vxnets).routeTable = lab.routeTables.begin()->first; }},
      {"router title", [](auto& lab) { first(lab.borderRouters).title += "'"; }},
      {"router place", [](auto& lab) { first(lab.borderRouters).pos.line += 1; }},
      {"domain place", [](auto& lab) { domain(lab).pos.line += 1; }},
      {"join address", [](auto& lab) { domain(lab).joins.front().address = ip("172.16.1.200"); }},
      {"join place", [](auto& lab) { domain(lab).joins.front().pos.line += 1; }},
      {"one join less", [](auto& lab) { domain(lab).joins.pop_back(); }},
      {"static route",
       [](auto& lab) {
         domain(lab).routes.push_back({"s", prefix("10.78.0.0/16"), ip("172.16.1.2"), {"x", 1, 1}});
       }},
      {"sdwan title", [](auto& lab) { first(lab.sdwans).title += "'"; }},
      {"sdwan place", [](auto& lab) { first(lab.sdwans).pos.line += 1; }},
      {"access point title", [](auto& lab) { point(lab).title += "'"; }},
      {"access point place", [](auto& lab) { point(lab).pos.line += 1; }},
      {"access point region", [](auto& lab) { point(lab).region = lab.regions.begin()->first; }},
      {"access point router", [](auto& lab) { point(lab).borderRouter = lab.borderRouters.rbegin()->first; }},
      {"access point rate", [](auto& lab) { point(lab).line.rate += 8'000'000; }},
      {"access point loss", [](auto& lab) { point(lab).line.lossPerMillion += 1'000; }},
      {"access point place of a rate",
       [](auto& lab) {
         point(lab).line.ratePos = {"x", 1, 1}, point(lab).line.rate = 8;
       }},
      {"eip address", [](auto& lab) { first(lab.eips).address = ip("139.198.18.77"); }},
      {"eip place", [](auto& lab) { first(lab.eips).pos.line += 1; }},
      {"eip rate", [](auto& lab) { first(lab.eips).line.rate += 8'000'000; }},
      {"balancer title", [](auto& lab) { first(lab.loadBalancers).title += "'"; }},
      {"balancer place", [](auto& lab) { first(lab.loadBalancers).pos.line += 1; }},
      {"balancer vxnet", [](auto& lab) { first(lab.loadBalancers).vxnet = lab.vxnets.rbegin()->first; }},
      {"balancer address", [](auto& lab) { first(lab.loadBalancers).address = ip("172.16.1.99"); }},
      {"balancer eips", [](auto& lab) { first(lab.loadBalancers).eips.clear(); }},
      {"balancer routes", [](auto& lab) { first(lab.loadBalancers).routeTable.clear(); }},
      {"no listener", [](auto& lab) { first(lab.loadBalancers).listeners.clear(); }},
      {"listener id", [](auto& lab) { listener(lab).id += "x"; }},
      {"listener place", [](auto& lab) { listener(lab).pos.line += 1; }},
      {"listener protocol", [](auto& lab) { listener(lab).protocol = lab::Protocol::kTcp; }},
      {"listener port", [](auto& lab) { listener(lab).port = 81; }},
      {"listener balance", [](auto& lab) { listener(lab).balance = lab::Balance::kSource; }},
      {"health check kind", [](auto& lab) { listener(lab).healthCheck.http = true; }},
      {"health check path", [](auto& lab) { listener(lab).healthCheck.path += "x"; }},
      {"health check host", [](auto& lab) { listener(lab).healthCheck.host += "x"; }},
      {"health check interval", [](auto& lab) { listener(lab).healthCheck.interval += 1s; }},
      {"health check timeout", [](auto& lab) { listener(lab).healthCheck.timeout += 1s; }},
      {"health check fall", [](auto& lab) { listener(lab).healthCheck.fall += 1; }},
      {"health check rise", [](auto& lab) { listener(lab).healthCheck.rise += 1; }},
      {"health check passive", [](auto& lab) { listener(lab).healthCheck.passive ^= true; }},
      {"connect timeout", [](auto& lab) { listener(lab).connectTimeout += 1s; }},
      {"header timeout", [](auto& lab) { listener(lab).headerTimeout += 1s; }},
      {"idle timeout", [](auto& lab) { listener(lab).idleTimeout += 1s; }},
      {"tunnel timeout", [](auto& lab) { listener(lab).tunnelTimeout += 1s; }},
      {"queue timeout", [](auto& lab) { listener(lab).queueTimeout += 1s; }},
      {"max connections", [](auto& lab) { listener(lab).maxConnections += 1; }},
      {"header size", [](auto& lab) { listener(lab).headerSize += 1024; }},
      {"forwarded for", [](auto& lab) { listener(lab).forwardedFor ^= true; }},
      {"forwarded proto", [](auto& lab) { listener(lab).forwardedProto ^= true; }},
      {"forwarded id", [](auto& lab) { listener(lab).forwardedId ^= true; }},
      {"forwarded address", [](auto& lab) { listener(lab).forwardedAddress ^= true; }},
      {"via", [](auto& lab) { listener(lab).via ^= true; }},
      {"stickiness", [](auto& lab) { listener(lab).sticky.mode = lab::Stickiness::kInsert; }},
      {"backend server",
       [](auto& lab) {
         backend(lab).server.clear();
         backend(lab).address = ip("172.16.1.77");
       }},
      {"backend port", [](auto& lab) { backend(lab).port += 1; }},
      {"backend weight", [](auto& lab) { backend(lab).weight += 1; }},
      {"backend disabled", [](auto& lab) { backend(lab).disabled ^= true; }},
      {"backend backup", [](auto& lab) { backend(lab).backup ^= true; }},
      {"backend max connections", [](auto& lab) { backend(lab).maxConnections += 1; }},
      {"backend place", [](auto& lab) { backend(lab).pos.line += 1; }},
      {"one backend less", [](auto& lab) { listener(lab).backends.pop_back(); }},
      {"pool", [](auto& lab) { listener(lab).pools.push_back(pool(lab)); }},
      {"rule",
       [](auto& lab) {
         lab::ForwardRule rule;
         rule.path = "/x";
         listener(lab).rules.push_back(rule);
       }},
      {"route name", [](auto& lab) { route(lab).name += "'"; }},
      {"route network", [](auto& lab) { route(lab).to = prefix("10.79.0.0/16"); }},
      {"route next hop",
       [](auto& lab) { route(lab).viaAddress = ip("172.16.1.2"), route(lab).viaBorderRouter.clear(); }},
      {"route disabled", [](auto& lab) { route(lab).disabled ^= true; }},
      {"route place", [](auto& lab) { route(lab).pos.line += 1; }},
      {"no route", [](auto& lab) { first(lab.routeTables).routes.clear(); }}};
  return kChanges;
}

}  // namespace

TEST_CASE("whatever differs of another noun needs the whole") {
  const auto before = tests::loadLab("labs/cross-region/stage-4b.yaml");
  REQUIRE(before.ok());
  CHECK(again(before.lab, before.lab));
  for (const auto& kernel : {tests::fullKernel(), tests::bareKernel()}) {
    for (const Change& change : changes()) {
      CAPTURE(std::string(change.what));
      auto now = before.lab;
      change.make(now);
      CHECK_FALSE(again(before.lab, now, kernel));
    }
  }
  auto moved = before.lab;
  moved.places.set(moved.vxnets.begin()->first, "cidr", {"elsewhere.yaml", 1, 1});
  CHECK_FALSE(again(before.lab, moved));
}

TEST_CASE("each of those changes is one of what is compiled") {
  const auto before = tests::loadLab("labs/cross-region/stage-4b.yaml");
  REQUIRE(before.ok());
  const auto allocations = tests::allocated(before.lab);
  const auto former = compile::compile(before.lab, tests::fullKernel(), allocations);
  for (const Change& change : changes()) {
    CAPTURE(std::string(change.what));
    auto now = before.lab;
    change.make(now);
    const auto whole = compile::compile(now, tests::fullKernel(), tests::allocated(now, allocations));
    CHECK_FALSE((whole.desired == former.desired && textOf(whole) == textOf(former)));
  }
}

TEST_CASE("what was given out otherwise needs the whole") {
  const auto loaded = tests::loadLab("labs/cross-region/stage-4b.yaml");
  REQUIRE(loaded.ok());
  const lab::Lab& lab = loaded.lab;
  const auto allocations = tests::allocated(lab);
  const auto former = compile::compile(lab, tests::fullKernel(), allocations);
  const auto isWhole = [&](const std::function<void(compile::Allocations&)>& change) {
    auto now = allocations;
    change(now);
    CHECK_FALSE(now == allocations);
    CHECK_FALSE(compile::recompile({lab, allocations, former}, lab, tests::fullKernel(), now));
  };
  isWhole([](auto& all) { all.privateKeys.begin()->second.bytes.fill(99); });
  isWhole([](auto& all) { all.wanAddresses.begin()->second = ip("100.64.0.99"); });
  isWhole([](auto& all) { all.domainNumbers.begin()->second += 1; });
  isWhole([](auto& all) { all.eipNumbers.begin()->second += 1; });
  isWhole([&](auto& all) { all.addresses.at(lab.loadBalancers.begin()->first) = ip("172.16.1.99"); });
  isWhole([&](auto& all) { all.addresses.at(lab.servers.begin()->first) = ip("172.16.1.98"); });
}
