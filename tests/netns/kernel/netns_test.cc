#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kernel/presence.h"
#include "kernel/proc_sys.h"
#include "lab_fixture.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;
using tests::shell;

namespace {

// No thread can be started meanwhile: there is no room for its stack.
class NoThreads {
 public:
  NoThreads() {
    pthread_attr_t huge;
    REQUIRE(::pthread_getattr_default_np(&before_) == 0);
    REQUIRE(::pthread_getattr_default_np(&huge) == 0);
    REQUIRE(::pthread_attr_setstacksize(&huge, std::size_t{1} << 46U) == 0);
    REQUIRE(::pthread_setattr_default_np(&huge) == 0);
    ::pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_{};
};

}  // namespace

TEST_CASE("a namespace is made with its loopback up and its owner on it, is observed, and goes") {
  tests::skipUnlessRoot();
  LabFixture lab;
  const Netns one{"one"};
  Netns router{"switch.pek3"};
  router.localRulePriority = 1100;
  lab.create({one, router});
  CHECK(lab.holds(one));
  CHECK(lab.holds(router));
  const auto loopback = lab.jsonIn("one", "ip -j -d link show lo");
  CHECK(loopback[0]["ifalias"] == "vpclab owner=" + lab.runDir());
  CHECK(lab.jsonIn("one", "ip -j addr show lo")[0]["flags"].dump().find("UP") != std::string::npos);
  const auto rules = lab.jsonIn("switch.pek3", "ip -j rule");
  CHECK(rules[0]["priority"] == 1100);
  CHECK(rules[0]["table"] == "local");

  lab.update(router, Netns{"switch.pek3"});
  CHECK(lab.jsonIn("switch.pek3", "ip -j rule")[0]["priority"] == 0);
  CHECK(lab.holds(Netns{"switch.pek3"}));

  const auto again = lab.refuse(one);
  CHECK(again.kind() == base::ErrorKind::kExists);
  lab.remove({one});
  lab.remove({one});
  CHECK_FALSE(lab.has(one));
  CHECK_FALSE(std::filesystem::exists(lab.system->pinPath(lab.name, "one")));
}

TEST_CASE("a node that has gone answers nobody, though its namespace is there for a moment longer") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"stays", "goes"});
  lab.create({makeVeth({"stays", "eth0", net::Mac::fromSeed("stays")}, {"goes", "eth0", net::Mac::fromSeed("goes")})});
  lab.create({Address{"stays", "eth0", net::Prefix::parse("10.1.0.1/24").value()},
              Address{"goes", "eth0", net::Prefix::parse("10.1.0.2/24").value()}});
  int status = 1;
  lab.in("stays", "ping -c 3 -i 0.2 -W 1 10.1.0.2", &status);
  CHECK(status == 0);
  // No process is in it, but it does not go as long as this is open.
  const auto socket = lab.system->openSocket(lab.name, "goes", AF_INET, SOCK_DGRAM, 0);
  REQUIRE(socket);
  lab.remove({Netns{"goes"}});
  lab.in("stays", "ping -c 1 -W 1 10.1.0.2", &status);
  CHECK(status != 0);
}

TEST_CASE("what another made is left alone, and its maker is named") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"mine"});
  const auto other = lab.makeSystem(lab.directory + "/other-run");
  const auto seen = other->observe(lab.name);
  REQUIRE_FALSE(seen);
  CHECK(seen.error().kind() == base::ErrorKind::kForeign);
  CHECK(seen.error().message().find(lab.runDir()) != std::string::npos);
  CHECK(other->labs()->empty());
  CHECK(lab.system->labs() == std::vector<std::string>{lab.name});
  CHECK(other->destroy(lab.name, LabFixture::soon()).size() == 1);
  CHECK(lab.holds(Netns{"mine"}));

  const std::string pin = lab.system->pinPath(lab.name, "strange");
  shell("touch " + pin + " && unshare --net=" + pin + " true");
  const auto inTheWay = lab.refuse(Netns{"strange"});
  CHECK(inTheWay.kind() == base::ErrorKind::kForeign);
  CHECK(inTheWay.message().find("not made by vpclab") != std::string::npos);
  const auto errors = lab.system->destroy(lab.name, LabFixture::soon());
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message().find(pin) != std::string::npos);
  int status = 1;
  lab.in("strange", "true", &status);
  CHECK(status == 0);
  CHECK_FALSE(std::filesystem::exists(lab.system->pinPath(lab.name, "mine")));
  shell("umount " + pin + " && rm " + pin);
}

TEST_CASE("where no thread can be had to ask whose a namespace is, nothing in it is touched") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"mine"});
  const auto other = lab.makeSystem(lab.directory + "/other-run");
  const std::string pin = lab.system->pinPath(lab.name, "mine");
  const std::string pid = shell("nsenter --net=" + pin + " sh -c 'sleep 60 >/dev/null 2>&1 & echo -n $!'");
  int status = 1;
  const auto lives = [&] {
    shell("readlink /proc/" + pid + "/ns/net", &status);
    return status == 0;
  };
  REQUIRE(lives());
  {
    const NoThreads none;
    const auto errors = other->destroy(lab.name, LabFixture::soon());
    REQUIRE_FALSE(errors.empty());
    CHECK(errors.front().message().find("start a thread") != std::string::npos);
  }
  CHECK(lives());
  CHECK(lab.holds(Netns{"mine"}));
  ::kill(std::stoi(pid), SIGKILL);
}

TEST_CASE("a kernel without IPv6 has it switched off, and nothing else that it lacks is taken for granted") {
  tests::skipUnlessRoot();
  // In a mount namespace of the thread's own.
  std::thread([] {
    REQUIRE(::unshare(CLONE_NEWNS) == 0);
    REQUIRE(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    REQUIRE(::mount("none", "/proc/sys/net/ipv6", "tmpfs", 0, nullptr) == 0);
    kernel::ProcSys parameters;
    for (const std::string scope : {"all", "default"}) {
      const std::string path = "net/ipv6/conf/" + scope + "/disable_ipv6";
      CHECK(parameters.write(path, "1").has_value());
      CHECK_FALSE(parameters.write(path, "0").has_value());
      CHECK(kernel::ProcSys::read(path)->value_or("none") == "1");
    }
    CHECK_FALSE(parameters.write("net/ipv6/conf/eth0/disable_ipv6", "1").has_value());
    CHECK_FALSE(kernel::ProcSys::read("net/ipv6/conf/all/forwarding")->has_value());
  }).join();
}

TEST_CASE("dead pins count as nothing and are cleared away") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"live"});
  for (const auto* node : {"dead", "buried"}) {
    std::ofstream(lab.system->pinPath(lab.name, node)) << "";
  }
  CHECK_FALSE(lab.has(Netns{"dead"}));
  const auto isThere = [&](const std::string& runDir) {
    return *kernel::hasNamespaces(runDir, lab.netnsDir(), lab.name, LabFixture::soon());
  };
  CHECK(isThere(lab.runDir()));
  CHECK_FALSE(isThere(lab.directory + "/other-run"));
  lab.remove({Netns{"live"}});
  CHECK_FALSE(isThere(lab.runDir()));
  lab.makeNodes({"dead"});
  CHECK(lab.holds(Netns{"dead"}));
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK_FALSE(std::filesystem::exists(lab.netnsDir()));  // ours, and the last lab has gone
}

TEST_CASE("what a killed destroy has left to watch by is in nobody's way") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"node"});
  lab.in("node", "ip link add vpclab-far-0 type veth peer name vpclab-far-1");
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
}

TEST_CASE("destroy ends what still runs inside, and returns when the kernel has let go") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"a", "b"});
  VethEnd left{"a", "eth0", net::Mac::fromSeed("a")};
  VethEnd right{"b", "eth0", net::Mac::fromSeed("b")};
  lab.create({makeVeth(left, right)});
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string pin = "--net=" + lab.system->pinPath(lab.name, "a");
    ::execlp("nsenter", "nsenter", pin.c_str(), "sleep", "1000", nullptr);
    ::_exit(1);
  }
  while (shell("readlink /proc/" + std::to_string(child) + "/comm; cat /proc/" + std::to_string(child) + "/comm")
             .find("sleep") == std::string::npos) {
    ::usleep(2000);
  }
  // A reaper, as the process' parent: it is a zombie only until then.
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK(lab.system->labs()->empty());
}

TEST_CASE("destroy says what is still held") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"held"});
  const auto socket = lab.system->openSocket(lab.name, "held", AF_INET, SOCK_DGRAM, 0);
  REQUIRE(socket);
  const auto errors = lab.system->destroy(lab.name, base::Deadline::after(base::Milliseconds(300)));
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].kind() == base::ErrorKind::kTimeout);
  CHECK(errors[0].message().find("held") != std::string::npos);
}

TEST_CASE("a keeper that does not end leaves destroy time for the rest, and what a second try needs is kept") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"one"});
  const std::string stored = lab.runDir() + "/labs/" + lab.name;
  std::filesystem::create_directories(stored);
  std::ofstream(stored + "/allocations.json") << "{}";
  // As a keeper's that has just been started and is not recorded yet.
  base::UniqueFd lock(::open((stored + "/keeper.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
  const auto errors = lab.system->destroy(lab.name, base::Deadline::after(base::Milliseconds(1000)));
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].kind() == base::ErrorKind::kTimeout);
  CHECK(errors[0].message().find("keeper.lock is held") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(lab.system->pinPath(lab.name, "one")));
  CHECK(std::filesystem::exists(stored + "/allocations.json"));
  lock.reset();
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK_FALSE(std::filesystem::exists(stored));
}

TEST_CASE("a namespace from which somebody has taken our mark is left alone, and destroy says so until it is back") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"marked", "renamed"});
  const std::string stored = lab.runDir() + "/labs/" + lab.name;
  std::filesystem::create_directories(stored);
  lab.in("renamed", "ip link set lo alias mine-now");
  for (int i = 0; i < 2; ++i) {
    const auto errors = lab.system->destroy(lab.name, LabFixture::soon());
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].kind() == base::ErrorKind::kForeign);
    CHECK(errors[0].message().find("vpclab." + lab.name + ".renamed was not made by vpclab") != std::string::npos);
    CHECK(lab.in("renamed", "ip -br link show lo").find("lo ") == 0);
    CHECK_FALSE(std::filesystem::exists(lab.system->pinPath(lab.name, "marked")));
    CHECK(std::filesystem::exists(stored));
  }
  lab.in("renamed", "ip link set lo alias 'vpclab owner=" + lab.runDir() + "'");
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK_FALSE(std::filesystem::exists(lab.system->pinPath(lab.name, "renamed")));
  CHECK_FALSE(std::filesystem::exists(stored));
}

TEST_CASE("a socket belongs to the namespace where it was opened") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"n"});
  const auto socket = lab.system->openSocket(lab.name, "n", AF_INET, SOCK_STREAM, 0);
  REQUIRE(socket);
  REQUIRE(::listen(socket->get(), 1) == 0);
  CHECK(lab.in("n", "ss -Hltn").find("LISTEN") != std::string::npos);
  const auto missing = lab.system->openSocket(lab.name, "nowhere", AF_INET, SOCK_STREAM, 0);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind() == base::ErrorKind::kNotFound);
  CHECK_FALSE(lab.system->openSocket(lab.name, "../x", AF_INET, SOCK_STREAM, 0));
}

TEST_CASE("the probe says what it found and leaves nothing") {
  tests::skipUnlessRoot();
  std::vector<kernel::Feature> features;
  const auto capabilities = kernel::probe(&features);
  REQUIRE(capabilities);
  CHECK(features.size() == 7);
  for (const auto& feature : features) {
    CHECK_FALSE(feature.chosen.empty());
    MESSAGE(feature.name, ": ", feature.chosen, " ", feature.why, " ", feature.remedy);
    CHECK((feature.works || !feature.remedy.empty()));
  }
  int status = 1;
  shell("unshare --net nft add table ip x", &status);
  CHECK(capabilities->nftables == (status == 0));
  shell("unshare --net ip link add x type vrf table 5", &status);
  CHECK(capabilities->vrfDevice == (status == 0));
}
