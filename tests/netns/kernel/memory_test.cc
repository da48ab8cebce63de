#include <atomic>
#include <functional>
#include <thread>

#include <linux/capability.h>
#include <sys/syscall.h>

#include "kernel/hearing.h"
#include "kernel/lab_memory.h"
#include "lab_fixture.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

namespace {

constexpr int kNodes = 70;  // more than what is not worth remembering

net::Prefix prefix(const char* text) {
  return net::Prefix::parse(text).value();
}

std::string node(int number) {
  return "n" + std::to_string(number);
}

// A lab large enough to be remembered, with nodes only.
struct LargeNodes : LabFixture {
  LargeNodes() {
    tests::skipUnlessRoot();
    std::vector<std::string> nodes;
    for (int i = 0; i < kNodes; ++i) {
      nodes.push_back(node(i));
    }
    makeNodes(nodes);
  }

  State look(kernel::Memory memory) {
    kernel::KindTimes times;
    auto observed = system->observe(name, &times, memory);
    visits = times.objects(Kind::kNetns);
    REQUIRE(observed);
    return std::move(*observed);
  }
  // What is seen by memory, which is remembered again.
  State seen(kernel::Memory memory) {
    auto state = look(memory);
    system->remember(name, state);
    return state;
  }
  // That a hand's doing is seen by memory, and that it was not by looking at all.
  void byHand(const std::string& command) {
    int status = 1;
    const std::string told = tests::shell(command, &status);
    CHECK_MESSAGE(status == 0, told);
    const auto before = look(kernel::Memory::kNone);
    const auto remembered = seen(kernel::Memory::kUse);
    CHECK_MESSAGE(visits < kNodes / 2, command);
    CHECK_MESSAGE(remembered == before, command);
  }
  // Until the kernel has told of what it makes of a link some time after that has changed.
  void settled(const std::string& node, const std::string& link, const std::string& operState) {
    until([&] { return in(node, "ip -o link show " + link).find(" state " + operState + " ") != std::string::npos; });
    seen(kernel::Memory::kUse);
  }
  // It goes with its other end's namespace, which the kernel clears away in the background.
  void gone(const std::string& node, const std::string& link) {
    until([&] { return in(node, "ip -o link").find(": " + link + "@") == std::string::npos; });
  }
  std::string netns(int number) const { return "nsenter --net=" + system->pinPath(name, node(number)) + " "; }

  std::uint64_t visits = 0;  // namespaces that the last look has entered

 private:
  static void until(const std::function<bool()>& isSo) {
    const auto deadline = base::Deadline::after(std::chrono::seconds(10));
    while (!isSo() && !deadline.passed()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    CHECK(isSo());
  }
};

// One that is remembered; n1 and n2 have a cable, with 10.1.0.1/24 and 10.1.0.2/24.
struct LargeLab : LargeNodes {
  LargeLab() {
    create({makeVeth({"n1", "eth0", net::Mac::fromSeed("1")}, {"n2", "eth0", net::Mac::fromSeed("2")})});
    create({Address{"n1", "eth0", prefix("10.1.0.1/24")}, Address{"n2", "eth0", prefix("10.1.0.2/24")}});
    seen(kernel::Memory::kUse);  // all of it, and by memory from then on
    settled("n1", "eth0", "UP");
    settled("n2", "eth0", "UP");
  }
};

// This thread, and those that it starts, without one capability.
class Without {
 public:
  explicit Without(unsigned capability) {
    ::syscall(SYS_capget, &header_, sets_.data());
    auto less = sets_;
    less.at(capability / 32).effective &= ~(1U << (capability % 32));
    REQUIRE(::syscall(SYS_capset, &header_, less.data()) == 0);
  }
  ~Without() { ::syscall(SYS_capset, &header_, sets_.data()); }
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets_{};
};

}  // namespace

TEST_CASE("a large lab that nobody has changed is not looked at again") {
  LargeLab lab;
  CHECK(lab.seen(kernel::Memory::kUse) == lab.look(kernel::Memory::kNone));
  lab.seen(kernel::Memory::kUse);
  CHECK(lab.visits == 0);
  lab.look(kernel::Memory::kNone);
  CHECK(lab.visits >= kNodes);
}

TEST_CASE("of a lab that has just come about, with all its cables at once, every change is seen") {
  LargeNodes lab;
  std::vector<Object> cables;
  for (int i = 1; i < kNodes; ++i) {
    const std::string port = "p" + std::to_string(i);
    cables.emplace_back(
        makeVeth({"n0", port, net::Mac::fromSeed(port)}, {node(i), "eth0", net::Mac::fromSeed(node(i))}));
  }
  lab.create(cables);  // it is made ready to be listened to meanwhile
  // Then some namespaces become others, perhaps with the inodes of those that go.
  for (const int i : {7, 8, 9}) {
    lab.remove({Netns{node(i)}});
    lab.gone("n0", "p" + std::to_string(i));
    lab.create({Netns{node(i)}});
  }
  lab.in("n2", "ip address add 10.1.0.2/24 dev eth0");
  CHECK(lab.seen(kernel::Memory::kUse) == lab.look(kernel::Memory::kNone));
  CHECK(lab.visits >= kNodes);
  lab.settled("n1", "eth0", "UP");
  lab.settled("n2", "eth0", "UP");
  for (const int i : {2, 7, 8, 9, kNodes - 1}) {
    lab.byHand(lab.netns(i) + "ip link add x type veth peer name y");
    lab.byHand(lab.netns(i) + "ip link set x up");
    lab.byHand(lab.netns(i) + "nft add table ip vpclab");
  }
}

TEST_CASE("a look at everything ends when nobody wants it any more; one by memory is over soon anyway") {
  LargeLab lab;
  const State before = lab.look(kernel::Memory::kNone);
  std::atomic<int> asked = 0;
  const auto wanted = [&] { return ++asked < kNodes / 2; };
  kernel::KindTimes times;
  const auto ended = lab.system->observe(lab.name, &times, kernel::Memory::kKeep, wanted);
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind() == base::ErrorKind::kCancelled);
  CHECK(times.objects(Kind::kNetns) < kNodes / 2);
  // Nothing half is remembered of it.
  CHECK(lab.seen(kernel::Memory::kUse) == before);
  CHECK(lab.visits >= kNodes);
  const auto remembered = lab.system->observe(lab.name, nullptr, kernel::Memory::kUse, [] { return false; });
  REQUIRE(remembered);
  CHECK(*remembered == before);
}

TEST_CASE("what a hand changes in a large lab is seen") {
  LargeLab lab;
  lab.byHand(lab.netns(3) + "ip link add x type veth peer name y");
  lab.byHand(lab.netns(3) + "ip address add 192.0.2.1/24 dev x");
  lab.byHand(lab.netns(3) + "ip link set x mtu 1400 up");
  lab.byHand(lab.netns(1) + "ip link set eth0 down");
  lab.byHand(lab.netns(1) + "ip link set eth0 up");
  lab.byHand(lab.netns(1) + "ip route add 10.9.0.0/16 via 10.1.0.2 proto 118");
  lab.byHand(lab.netns(1) + "ip route delete 10.9.0.0/16");
  lab.byHand(lab.netns(4) + "ip rule add priority 100 iif lo table 100 protocol 118");
  lab.byHand(lab.netns(1) + "ip neighbour add 10.1.0.2 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
  lab.byHand(lab.netns(1) + "ip neighbour delete 10.1.0.2 dev eth0");
  lab.byHand(lab.netns(1) + "tc qdisc add dev eth0 root tbf rate 5mbit burst 10k latency 50ms");
  lab.byHand(lab.netns(5) + "nft add table ip vpclab");
  lab.byHand(lab.netns(5) + "nft add chain ip vpclab c");
  lab.byHand(lab.netns(5) + "sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'");
  lab.byHand(lab.netns(1) + "ip link delete eth0");
}

TEST_CASE("namespaces that go, come, or are exchanged in a large lab are seen") {
  LargeLab lab;
  const auto pin = [&](int number) { return lab.system->pinPath(lab.name, node(number)); };
  lab.byHand("umount " + pin(10) + " && rm " + pin(10));
  lab.byHand("umount " + pin(11));  // a dead pin
  // Another one with the same mark takes its place, most of the time with the same inode.
  const std::string alias =
      nlohmann::json::parse(lab.in("n12", "ip -j link show lo"), nullptr, false).at(0).value("ifalias", "");
  REQUIRE_FALSE(alias.empty());
  for (int i = 0; i < 5; ++i) {
    lab.byHand("umount " + pin(12) + " && sleep 0.2 && unshare --net=" + pin(12) + " sh -c 'ip link set lo alias \"" +
               alias + "\" && ip link set lo up'");
    lab.byHand(lab.netns(12) + "ip link add z type veth peer name w");
  }
  lab.makeNodes({"new"});
  lab.seen(kernel::Memory::kUse);
  CHECK(lab.seen(kernel::Memory::kUse) == lab.look(kernel::Memory::kNone));
  lab.byHand("nsenter --net=" + lab.system->pinPath(lab.name, "new") + " ip link add x type veth peer name y");
}

TEST_CASE("what the kernel tells nobody is seen by looking at all") {
  LargeLab lab;
  const auto reflects = [&](kernel::Memory memory) {
    return lab.seen(memory)
        .get<Sysctls>(Sysctls{"n6", {}, {}}.key())
        ->parameters.find("net/ipv4/fwmark_reflect")
        ->str();
  };
  lab.in("n6", "sh -c 'echo 1 >/proc/sys/net/ipv4/fwmark_reflect'");
  CHECK(reflects(kernel::Memory::kUse) == "0");
  CHECK(reflects(kernel::Memory::kKeep) == "1");
  CHECK(reflects(kernel::Memory::kUse) == "1");
}

TEST_CASE("where only neighbours have changed, only they are looked at") {
  LargeLab lab;
  lab.in("n1", "ip neighbour add 10.1.0.2 lladdr 02:00:00:00:00:01 dev eth0 nud permanent");
  lab.in("n1", "sh -c 'echo 1 >/proc/sys/net/ipv4/fwmark_reflect'");  // of which the kernel tells nobody
  const Neighbours table{"n1", "eth0", {{net::IpAddr::parse("10.1.0.2").value(), net::Mac::fromSeed("1")}}};
  const auto now = lab.seen(kernel::Memory::kUse);
  CHECK(lab.visits == 1);
  CHECK(*now.get<Sysctls>(Sysctls{"n1", {}, {}}.key())->parameters.find("net/ipv4/fwmark_reflect") == "0");
  REQUIRE(now.get<Neighbours>(table.key()) != nullptr);
  CHECK(now.get<Neighbours>(table.key())->entries[0].second.toString() == "02:00:00:00:00:01");

  // One more, one that is another, and one that goes.
  lab.create({Address{"n2", "eth0", prefix("10.1.0.3/24")}});
  lab.in("n1", "ip neighbour add 10.1.0.3 lladdr 02:00:00:00:00:03 dev eth0 nud permanent");
  CHECK(lab.seen(kernel::Memory::kUse).get<Neighbours>(table.key())->entries.size() == 2);
  lab.in("n1", "ip neighbour replace 10.1.0.2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent");
  lab.in("n1", "ip neighbour delete 10.1.0.3 dev eth0");
  const auto then = lab.seen(kernel::Memory::kUse);
  CHECK(lab.visits == 1);
  REQUIRE(then.get<Neighbours>(table.key())->entries.size() == 1);
  CHECK(then.get<Neighbours>(table.key())->entries[0].second.toString() == "02:00:00:00:00:02");
  lab.in("n1", "ip neighbour delete 10.1.0.2 dev eth0");
  CHECK(lab.seen(kernel::Memory::kUse).get<Neighbours>(table.key()) == nullptr);

  // Nor one for an address that nobody in the lab has: no look asks for it.
  lab.in("n1", "ip neighbour add 10.1.0.77 lladdr 02:00:00:00:00:07 dev eth0 nud permanent");
  CHECK(lab.seen(kernel::Memory::kUse) == lab.look(kernel::Memory::kNone));

  // Not those of a link that a hand has made, nor what a bridge learns.
  lab.in("n3", "ip link add x type veth peer name y");
  lab.in("n3", "ip link set x up");
  lab.settled("n3", "x", "LOWERLAYERDOWN");
  lab.in("n3", "ip neighbour add 10.1.0.2 lladdr 02:00:00:00:00:01 dev x nud permanent");
  lab.seen(kernel::Memory::kUse);
  CHECK(lab.visits == 0);
}

TEST_CASE("a namespace that goes when only its neighbours are to be looked at is seen to be gone") {
  LargeLab lab;
  const auto before = lab.look(kernel::Memory::kNone);
  const auto path = lab.system->pinPath(lab.name, "n1");
  int status = 1;
  tests::shell("umount " + path + " && rm " + path, &status);
  REQUIRE(status == 0);
  const plan::Touched touched{{}, {{"n1", {{"eth0", {net::IpAddr::parse("10.1.0.2").value()}}}}}};
  const auto again = lab.system->observeAgain(lab.name, before, touched);
  REQUIRE(again);
  CHECK(again->find(Netns{"n1"}.key()) == nullptr);
}

TEST_CASE("what was seen of a large lab is believed for a minute after the last look at all of it") {
  using std::chrono::seconds;
  LargeLab lab;
  const auto all = lab.look(kernel::Memory::kNone);
  kernel::Hearing hearing([](const auto&, const auto&) {});
  kernel::LabMemory memory(lab.netnsDir(), hearing);
  const auto begun = base::Clock::now();
  const auto believed = [&](int after) {
    const auto again = memory.recall(lab.name, begun + seconds(after));
    CHECK(memory.seen(lab.name) == nullptr);  // it is given away, not lent
    CHECK((!again || (again->before == all && again->touched.count() == 0)));
    memory.remember(lab.name, all);
    return again.has_value();
  };
  CHECK_FALSE(believed(0));
  CHECK(believed(1));
  CHECK(believed(59));
  CHECK(believed(60));
  CHECK_FALSE(believed(61));  // whatever a look by memory has made of it a second ago
  CHECK(believed(121));
  CHECK_FALSE(believed(122));
  memory.listen(lab.name, begun + seconds(150));
  memory.remember(lab.name, all);
  CHECK(memory.heard(lab.name, all, begun + seconds(209)));  // a look at some of it
  memory.remember(lab.name, all);
  CHECK(believed(210));
  CHECK_FALSE(believed(211));
}

TEST_CASE("who shares what is remembered is in nobody's way") {
  LargeLab lab;
  const auto all = lab.look(kernel::Memory::kNone);
  std::atomic<bool> end{false};
  std::thread sharer([&] {
    while (!end) {
      auto mine = all;
      lab.system->share(lab.name, mine);
      CHECK(mine == all);
    }
  });
  for (int i = 0; i < 50; ++i) {
    CHECK(lab.seen(kernel::Memory::kUse) == all);
  }
  end = true;
  sharer.join();
}

TEST_CASE("what is taken to be looked at again is nobody else's any more") {
  LargeLab lab;
  const auto all = lab.look(kernel::Memory::kNone);
  kernel::Hearing hearing([](const auto&, const auto&) {});
  kernel::LabMemory memory(lab.netnsDir(), hearing);
  const auto now = base::Clock::now();
  memory.listen(lab.name, now);
  memory.remember(lab.name, all);
  std::atomic<bool> end{false};
  std::atomic<int> shared{0};  // relaxed: to count them puts nothing in order
  std::thread sharer([&] {
    State mine;
    mine.add(Netns{"n1"});
    while (!end) {
      memory.share(lab.name, mine);
      shared.fetch_add(1, std::memory_order_relaxed);
    }
    CHECK(mine.entries().size() == 1);
  });
  for (int i = 0; i < 50; ++i) {
    auto again = memory.recall(lab.name, now);
    REQUIRE(again);
    // Somebody shares from the first to the last moment of its being away.
    const int before = shared.load(std::memory_order_relaxed);
    while (shared.load(std::memory_order_relaxed) < before + 2) {
      std::this_thread::yield();
    }
    CHECK(again->before == all);
    memory.remember(lab.name, std::move(again->before));
  }
  end = true;
  sharer.join();
}

TEST_CASE("where more happens than the kernel can tell, all is looked at") {
  LargeLab lab;
  const int kMany = 30'000;
  lab.in("n7", "sh -c 'i=0; while [ $i -lt " + std::to_string(kMany / 2) +
                   " ]; do echo \"address add 192.0.2.1/32 dev lo\"; echo \"address del 192.0.2.1/32 dev lo\"; "
                   "i=$((i+1)); done | ip -batch -'");
  lab.in("n7", "ip address add 192.0.2.1/32 dev lo");
  const auto all = lab.look(kernel::Memory::kNone);
  CHECK(lab.unheard.empty());
  CHECK(lab.seen(kernel::Memory::kUse) == all);
  CHECK(lab.visits >= kNodes);
  REQUIRE(lab.unheard.size() == 1);
  CHECK(lab.unheard[0].starts_with("more was changed than the kernel could tell"));
  const auto feature = lab.system->notifications();
  CHECK(feature.chosen == "netlink");
  CHECK(feature.why.starts_with("all of lab " + lab.name + " was looked at once"));
  CHECK_FALSE(feature.remedy.empty());
  // It listens from then on, and goes by that.
  CHECK(lab.seen(kernel::Memory::kUse) == all);
  CHECK(lab.visits == 0);
  lab.byHand(lab.netns(7) + "ip address del 192.0.2.1/32 dev lo");
  lab.byHand(lab.netns(8) + "ip address add 192.0.2.1/32 dev lo");
  CHECK(lab.unheard.size() == 1);
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK(lab.system->notifications().why.empty());
}

TEST_CASE("what is not remembered, or of a lab that has gone, is looked at") {
  LargeLab lab;
  lab.look(kernel::Memory::kUse);  // takes it, and gives nothing back
  lab.look(kernel::Memory::kUse);
  CHECK(lab.visits >= kNodes);
  lab.seen(kernel::Memory::kUse);
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK(lab.look(kernel::Memory::kUse).empty());
}

TEST_CASE("where the kernel refuses to tell, a large lab is looked at, and that is told once") {
  tests::skipUnlessRoot();
  CHECK(kernel::probeNotifications().chosen == "netlink");
  std::optional<Without> broadcast(std::in_place, CAP_NET_BROADCAST);
  LargeLab lab;
  lab.seen(kernel::Memory::kUse);
  CHECK(lab.visits >= kNodes);
  lab.in("n1", "ip address add 192.0.2.1/24 dev eth0");
  CHECK(lab.seen(kernel::Memory::kUse).find(Address{"n1", "eth0", prefix("192.0.2.1/24")}.key()) != nullptr);
  REQUIRE(lab.unheard.size() == 1);
  CHECK(lab.unheard[0].find("Operation not permitted") != std::string::npos);
  for (const auto& feature : {lab.system->notifications(), kernel::probeNotifications()}) {
    CHECK(feature.name == "notifications");
    CHECK(feature.chosen == "looking at all");
    CHECK(feature.works);
    CHECK(feature.why.find("Operation not permitted") != std::string::npos);
    CHECK(feature.remedy.find("CAP_NET_BROADCAST") != std::string::npos);
  }

  broadcast.reset();
  for (int i = 0; i < 2; ++i) {
    lab.seen(kernel::Memory::kUse);
  }
  CHECK(lab.visits == 0);
  CHECK(lab.unheard.size() == 1);
  CHECK(lab.system->notifications().chosen == "netlink");
  CHECK(lab.system->notifications().why.empty());
}
