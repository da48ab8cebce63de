#include "lab_fixture.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

namespace {

net::Prefix prefix(const char* text) {
  return net::Prefix::parse(text).value();
}
net::IpAddr ip(const char* text) {
  return net::IpAddr::parse(text).value();
}

Route route(const char* destination, std::optional<net::IpAddr> gateway) {
  Route out;
  out.netns = "r";
  out.destination = prefix(destination);
  out.gateway = gateway;
  out.device = "eth0";
  return out;
}

// A router "r" with 10.1.0.1/24 on eth0, whose other end is in "s".
struct Router : LabFixture {
  Router() {
    tests::skipUnlessRoot();
    makeNodes({"r", "s"});
    VethEnd here{"r", "eth0", net::Mac::fromSeed("r")};
    VethEnd there{"s", "eth0", net::Mac::fromSeed("s")};
    create({makeVeth(here, there)});
    create({address});
  }
  Address address{"r", "eth0", prefix("10.1.0.1/24")};
};

}  // namespace

TEST_CASE("addresses") {
  Router lab;
  CHECK(lab.holds(lab.address));
  Address bare{"r", "eth0", prefix("10.2.0.1/24"), true};
  lab.create({bare});
  CHECK(lab.holds(bare));
  const std::string routes = lab.in("r", "ip route");
  CHECK(routes.find("10.1.0.0/24") != std::string::npos);
  CHECK(routes.find("10.2.0.0/24") == std::string::npos);
  const auto again = lab.refuse(bare);
  CHECK(again.kind() == base::ErrorKind::kExists);
  CHECK(again.message().find("add address 10.2.0.1/24 on eth0 in r") != std::string::npos);
  lab.remove({bare});
  lab.remove({bare});
  CHECK_FALSE(lab.has(bare));
  Address six{"r", "eth0", prefix("fd00::1/64")};
  CHECK(lab.refuse(six).kind() == base::ErrorKind::kUnsupported);
}

TEST_CASE("routes of every type are made, read back, replaced, removed") {
  Router lab;
  Route viaGateway = route("10.9.0.0/16", ip("10.1.0.254"));
  Route byDefault = route("0.0.0.0/0", ip("10.1.0.254"));
  byDefault.preferredSource = ip("10.1.0.1");
  Route onlink = route("10.8.0.0/16", ip("192.0.2.1"));
  onlink.onlink = true;
  Route direct = route("10.7.0.0/16", std::nullopt);
  direct.table = 1000;
  direct.metric = 7;
  Route local = route("10.6.0.1/32", std::nullopt);
  local.type = RouteType::kLocal;
  local.table = 1000;
  local.device = "lo";
  Route unreachable = route("0.0.0.0/0", std::nullopt);
  unreachable.type = RouteType::kUnreachable;
  unreachable.metric = 4096;
  Route blackhole = route("10.5.0.0/16", std::nullopt);
  blackhole.type = RouteType::kBlackhole;
  const std::vector<Route> all{viaGateway, byDefault, onlink, direct, local, unreachable, blackhole};
  lab.create({all.begin(), all.end()});
  for (const auto& wanted : all) {
    CHECK_MESSAGE(lab.holds(wanted), wanted.key().toString());
  }
  const auto found = lab.jsonIn("r", "ip -j route show 10.9.0.0/16")[0];
  CHECK(found["gateway"] == "10.1.0.254");
  CHECK(found["protocol"] == "118");
  CHECK(lab.in("r", "ip route show table 1000").find("local 10.6.0.1 dev lo") != std::string::npos);
  CHECK(lab.in("r", "ip route").find("onlink") != std::string::npos);
  // The kernel's own routes are not reported.
  CHECK_FALSE(lab.has(route("10.1.0.0/24", std::nullopt)));

  Route changed = viaGateway;
  changed.gateway = ip("10.1.0.253");
  lab.update(viaGateway, changed);
  CHECK(lab.holds(changed));
  lab.remove({all.begin(), all.end()});
  lab.remove({all.begin(), all.end()});
  CHECK(lab.in("r", "ip route show table all proto 118").empty());
}

TEST_CASE("the kernel's words reach the user") {
  Router lab;
  const auto error = lab.refuse(route("10.9.0.0/16", ip("10.3.0.254")));
  CHECK(error.kernelText() == "Nexthop has invalid gateway");
  CHECK(error.message().find("add route 10.9.0.0/16 in r") != std::string::npos);
  Route nowhere = route("10.9.0.0/16", std::nullopt);
  nowhere.device = "eth9";
  CHECK(lab.refuse(nowhere).kind() == base::ErrorKind::kNotFound);
}

TEST_CASE("rules with each selector, beside the local rule") {
  Router lab;
  Rule iif{"r", 100, "eth0", 0, std::nullopt, 1000};
  Rule mark{"r", 101, "", 0x10, std::nullopt, 1001};
  Rule source{"r", 102, "", 0, prefix("10.4.0.0/16"), 254};
  const std::vector<Object> all{iif, mark, source};
  lab.create(all);
  CHECK(lab.holds(iif));
  CHECK(lab.holds(mark));
  CHECK(lab.holds(source));
  const std::string text = lab.in("r", "ip rule");
  CHECK(text.find("100:\tfrom all iif eth0 lookup 1000") != std::string::npos);
  CHECK(text.find("fwmark 0x10 lookup 1001") != std::string::npos);
  CHECK(text.find("from 10.4.0.0/16 lookup main") != std::string::npos);
  // A move of the local rule that was interrupted half-way: what is too much shows.
  lab.in("r", "ip rule add pref 900 table local protocol 118");
  CHECK(lab.has(Rule{"r", 900}));
  CHECK(lab.holds(Netns{"r"}));
  Netns moved{"r"};
  moved.localRulePriority = 900;
  lab.update(Netns{"r"}, moved);
  CHECK(lab.holds(moved));
  CHECK_FALSE(lab.has(Rule{"r", 900}));
  lab.remove(all);
  CHECK(lab.in("r", "ip rule").find("eth0") == std::string::npos);
}

TEST_CASE("permanent neighbours, seen by whoever looks") {
  Router lab;
  const net::Mac mac = net::Mac::fromSeed("s");
  Neighbours known{"r", "eth0", {}};
  std::vector<Object> addresses;
  std::vector<Object> more;
  for (int i = 10; i < 160; ++i) {
    const std::string host = std::to_string(i);
    addresses.emplace_back(Address{"s", "eth0", prefix(("10.7.0." + host + "/24").c_str())});
    more.emplace_back(Address{"r", "eth0", prefix(("10.8.0." + host + "/24").c_str())});
    known.entries.emplace_back(ip(("10.7.0." + host).c_str()), mac);
  }
  lab.create(addresses);
  const auto entriesIn = [&](const State& state) {
    const auto* table = state.get<Neighbours>(known.key());
    return table == nullptr ? std::vector<std::pair<net::IpAddr, net::Mac>>{} : table->entries;
  };
  const auto seen = [&] { return entriesIn(lab.observe()); };
  const auto seenByAnother = [&] { return entriesIn(*lab.makeSystem(lab.runDir())->observe(lab.name)); };
  CHECK(seen().empty());
  lab.create({known});
  CHECK(lab.in("r", "ip neighbour show nud permanent | wc -l") == "150\n");
  CHECK(seen() == known.entries);
  CHECK(seen() == known.entries);
  CHECK(seenByAnother() == known.entries);  // by a daemon that has just started
  lab.create(more);
  CHECK(seenByAnother() == known.entries);
  CHECK(seen() == known.entries);
  // Others' hands: one is gone, one lies, one is only learnt.
  lab.in("r", "ip neighbour del 10.7.0.10 dev eth0");
  lab.in("r", "ip neighbour replace 10.7.0.11 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
  lab.in("r", "ip neighbour replace 10.7.0.12 lladdr 02:00:00:00:00:01 dev eth0 nud stale");
  Neighbours found{"r", "eth0", seen()};
  CHECK(found.entries.size() == 148);
  CHECK(found.entries.front() == std::pair(ip("10.7.0.11"), *net::Mac::parse("02:00:00:00:00:01")));
  lab.update(found, known);
  CHECK(seen() == known.entries);
  CHECK(lab.in("r", "ip neighbour show 10.7.0.11").find(mac.toString()) != std::string::npos);
  Neighbours fewer = known;
  fewer.entries.pop_back();
  lab.update(known, fewer);
  CHECK(seen() == fewer.entries);
  lab.remove({fewer});
  lab.remove({fewer});
  CHECK(lab.in("r", "ip neighbour show nud permanent | wc -l") == "0\n");
}

TEST_CASE("a rate on a link") {
  Router lab;
  Qdisc qdisc{"r", "eth0", 10'000'000};
  lab.create({qdisc});
  CHECK(lab.holds(qdisc));
  CHECK(lab.in("r", "tc qdisc show dev eth0").find("tbf 1: root refcnt 2 rate 10Mbit") != std::string::npos);
  Qdisc faster{"r", "eth0", 40'000'000'000};
  lab.update(qdisc, faster);
  CHECK(lab.holds(faster));
  CHECK(lab.in("r", "tc qdisc show dev eth0").find("rate 40Gbit") != std::string::npos);
  lab.remove({faster});
  lab.remove({faster});
  CHECK_FALSE(lab.has(faster));
  CHECK(lab.refuse(Qdisc{"r", "eth0", 1001}).kind() == base::ErrorKind::kLimit);
  const auto capabilities = kernel::probe(nullptr);
  Qdisc slow{"r", "eth0", 8'000'000, 20'000, 1'000, 10'000};
  if (capabilities->netem) {
    lab.create({slow});
    CHECK(lab.holds(slow));
    lab.update(slow, qdisc);
    CHECK(lab.holds(qdisc));
  } else {
    CHECK(lab.refuse(slow).message().find("netem") != std::string::npos);
  }
}

TEST_CASE("the nft table is swapped whole and read back as nft prints it") {
  Router lab;
  NftTable table{"r",
                 "\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
                 "\t\tip daddr 198.51.100.1 dnat to 10.1.0.2\n\t}\n"};
  lab.create({table});
  CHECK(lab.holds(table));
  CHECK(lab.in("r", "nft -s list table ip vpclab") == "table ip vpclab {\n" + table.body + "}\n");
  NftTable changed = table;
  changed.body.replace(changed.body.find("10.1.0.2"), 8, "10.1.0.3");
  lab.update(table, changed);
  CHECK(lab.holds(changed));
  CHECK(lab.in("r", "nft list ruleset").find("10.1.0.2") == std::string::npos);
  // A mistake leaves what is there.
  NftTable wrong{"r", "\tchain x { frobnicate }\n"};
  const auto error = lab.execute(plan::Action::kUpdate, {wrong}, {changed}).front().error();
  CHECK(error.kernelText().find("syntax error") != std::string::npos);
  CHECK(lab.holds(changed));
  // Another's table stays.
  lab.in("r", "nft add table ip theirs");
  lab.remove({changed});
  lab.remove({changed});
  CHECK(lab.in("r", "nft list ruleset").find("theirs") != std::string::npos);
  CHECK_FALSE(lab.has(changed));
}

TEST_CASE("new namespaces have what each of them wants, whatever the kernel gives a new one") {
  LabFixture lab;
  constexpr std::array kPaths{kIpForward,
                              "net/ipv4/conf/all/accept_redirects",
                              "net/ipv4/conf/default/accept_redirects",
                              "net/ipv4/conf/all/rp_filter",
                              "net/ipv6/conf/all/disable_ipv6",
                              "net/ipv6/conf/default/disable_ipv6"};
  std::vector<Object> objects;
  const unsigned count = 1U << kPaths.size();
  const auto nameOf = [](unsigned n) { return "n" + std::to_string(n); };
  for (unsigned n = 0; n < count; ++n) {
    objects.emplace_back(Netns{nameOf(n)});
  }
  for (unsigned n = 0; n < count; ++n) {
    std::vector<Parameter> wanted;
    for (std::size_t bit = 0; bit < kPaths.size(); ++bit) {
      wanted.push_back({kPaths[bit], (n >> bit & 1U) != 0 ? "1" : "0"});
    }
    objects.emplace_back(Sysctls{nameOf(n), {}, Parameters(std::move(wanted))});
  }
  lab.create(objects);
  for (unsigned n = 0; n < count; ++n) {
    std::string wanted;
    std::string files;
    for (std::size_t bit = 0; bit < kPaths.size(); ++bit) {
      wanted += (n >> bit & 1U) != 0 ? "1\n" : "0\n";
      files += std::string(" /proc/sys/") + kPaths[bit];
    }
    CHECK(lab.in(nameOf(n), "cat" + files) == wanted);
  }
}

TEST_CASE("parameters, written and read in their namespace only") {
  Router lab;
  const std::string before = tests::shell("cat /proc/sys/net/ipv4/ip_forward");
  const std::string other = before == "1\n" ? "0" : "1";
  const Sysctls forward{"r", {}, Parameters({{kIpForward, other}, {"net/ipv4/conf/all/accept_redirects", "0"}})};
  const Sysctls redirects{
      "r", "eth0", Parameters({{"net/ipv4/conf/eth0/send_redirects", "0"}, {"net/ipv4/conf/eth0/rp_filter", "2"}})};
  lab.create({forward, redirects});
  CHECK(lab.holds(forward));
  CHECK(lab.holds(redirects));
  CHECK(lab.in("r", "cat /proc/sys/net/ipv4/ip_forward") == other + "\n");
  CHECK(lab.in("r", "cat /proc/sys/net/ipv4/conf/all/accept_redirects") == "0\n");
  CHECK(lab.in("r", "cat /proc/sys/net/ipv4/conf/eth0/send_redirects /proc/sys/net/ipv4/conf/eth0/rp_filter") ==
        "0\n2\n");
  CHECK(tests::shell("cat /proc/sys/net/ipv4/ip_forward") == before);
  const auto refused = [&](const char* path, const char* value) {
    return lab.refuse(Sysctls{"r", {}, Parameters({{path, value}, {"net/ipv4/fwmark_reflect", "1"}})});
  };
  CHECK(refused("net/ipv4/tcp_ecn", "0").kind() == base::ErrorKind::kUnsupported);
  CHECK(refused("net/ipv4/conf/../ip_forward", "0").kind() != base::ErrorKind::kInternal);
  CHECK(lab.in("r", "cat /proc/sys/net/ipv4/fwmark_reflect") == "0\n");
  CHECK(refused(kIpForward, "many").message().find("ip_forward") != std::string::npos);
  CHECK(lab.in("r", "cat /proc/sys/net/ipv4/fwmark_reflect") == "1\n");  // written all the same
}
