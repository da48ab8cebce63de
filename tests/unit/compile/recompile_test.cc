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

TEST_CASE("whatever differs of another noun needs the whole") {
  const auto before = tests::loadLab("labs/cross-region/stage-4b.yaml");
  REQUIRE(before.ok());
  CHECK(again(before.lab, before.lab));
  const auto isWhole = [&](auto member) {
    auto now = before.lab;
    REQUIRE_FALSE((now.*member).empty());
    (now.*member).begin()->second.title += "'";
    CHECK_FALSE(again(before.lab, now));
  };
  isWhole(&lab::Lab::regions);
  isWhole(&lab::Lab::vpcs);
  isWhole(&lab::Lab::vxnets);
  isWhole(&lab::Lab::borderRouters);
  isWhole(&lab::Lab::sdwans);
  isWhole(&lab::Lab::eips);
  isWhole(&lab::Lab::loadBalancers);
  isWhole(&lab::Lab::routeTables);
  auto moved = before.lab;
  moved.places.set(moved.vxnets.begin()->first, "cidr", {"elsewhere.yaml", 1, 1});
  CHECK_FALSE(again(before.lab, moved));
}
