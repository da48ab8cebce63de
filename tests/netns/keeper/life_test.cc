#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/paths.h"
#include "keeper/watcher.h"
#include "netns/keeper/fixture.h"

using namespace vpclab;
using namespace vpclab::test;

TEST_CASE("no keeper: connect says so, terminate has nothing to do") {
  const Lab lab;
  const auto client = keeper::Client::connect(lab.address(), soon());
  REQUIRE_FALSE(client);
  CHECK(client.error().kind() == base::ErrorKind::kNotFound);
  CHECK(keeper::terminate(lab.address(), soon()));
}

TEST_CASE("eight callers at once get one keeper, which is nobody's child and private") {
  const Lab lab;
  std::vector<pid_t> pids(8, 0);
  std::vector<std::thread> threads;
  for (auto& pid : pids) {
    threads.emplace_back([&lab, &pid] {
      const auto client = keeper::Client::ensure(lab.address(), lab.launch(), soon());
      pid = client ? client->pid() : -1;
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  for (const pid_t pid : pids) {
    CHECK(pid == pids.front());
  }
  CHECK(pids.front() > 1);
  const std::string status = slurp("/proc/" + std::to_string(pids.front()) + "/status");
  CHECK(status.find("PPid:\t" + std::to_string(::getpid())) == std::string::npos);
  struct stat info = {};
  REQUIRE(::stat(lab.address().socketPath().c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("a socket path longer than unix(7) allows") {
  const Lab lab;
  keeper::Address address = lab.address();
  address.runDir += "/" + std::string(90, 'd');
  auto client = keeper::Client::ensure(address, lab.launch(), soon());
  REQUIRE_MESSAGE(client.has_value(), client.error().message());
  CHECK(client->list(soon()));
  CHECK(keeper::terminate(address, soon()));
}

TEST_CASE("a program that cannot be started, or fails, is an error with its words") {
  const Lab lab;
  auto client = keeper::Client::ensure(lab.address(), keeper::Launch{"/nonexistent/vpclabd", "", "/run/netns"}, soon());
  REQUIRE_FALSE(client);
  CHECK(client.error().message().find("No such file or directory") != std::string::npos);
  keeper::Address nowhere = lab.address();
  nowhere.runDir = "/proc/nowhere";
  client = keeper::Client::ensure(nowhere, lab.launch(), soon());
  REQUIRE_FALSE(client);
  CHECK(client.error().message().find("make the directory /proc/nowhere") != std::string::npos);
}

TEST_CASE("shutdown ends all and leaves no file but the log") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(balancer("n1", {{"web", 8080}}), soon()));
  REQUIRE(client.put(command("n1", {"sleep", "1000"}), soon()));
  const auto listing = client.list(soon());
  REQUIRE(listing);
  REQUIRE(listing->processes.size() == 2);
  CHECK(client.shutdown(soon()));
  CHECK_FALSE(alive(client.pid()));
  for (const auto& process : listing->processes) {
    CHECK(process.pid > 0);
    CHECK_FALSE(alive(process.pid));
  }
  CHECK(shell("ls " + lab.address().runDir + "/labs/lab1") == "keeper.log\n");
}

TEST_CASE("terminate ends a keeper that is stopped, and everything with it") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(command("n1", {"sh", "-c", "setsid sleep 1000 & sleep 1000"}), soon()));
  REQUIRE(client.put(balancer("n1", {{"web", 8080}}), soon()));
  const auto listing = client.list(soon());
  REQUIRE(listing);
  ::kill(client.pid(), SIGSTOP);
  SUBCASE("by its record") {}
  SUBCASE("by its socket, the record being lost") {
    ::unlink((lab.address().runDir + "/labs/lab1/keeper.pid").c_str());
  }
  CHECK(keeper::terminate(lab.address(), soon()));
  CHECK_FALSE(alive(client.pid()));
  for (const auto& process : listing->processes) {
    CHECK_FALSE(alive(process.pid));
  }
  CHECK(shell("ls " + lab.address().runDir + "/labs/lab1") == "");
}

TEST_CASE("terminate does not touch a process that only has the recorded number") {
  const Lab lab;
  shell("mkdir -p " + lab.address().runDir + "/labs/lab1; echo " + std::to_string(::getpid()) + " 12345 > " +
        lab.address().runDir + "/labs/lab1/keeper.pid");
  CHECK(keeper::terminate(lab.address(), soon()));  // and this process is still here to say so
}

TEST_CASE("kill -9 of the keeper leaves nothing, and the next one starts") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(balancer("n1", {{"web", 8080}}), soon()));
  REQUIRE(client.put(command("n1", {"sh", "-c", "(setsid sh -c 'trap \"\" TERM; sleep 1000' &); sleep 1000"}), soon()));
  auto watcher = keeper::Watcher::connect(lab.address(), soon());
  REQUIRE(watcher);
  const PidSpace space(client.list(soon())->processes[0].pid);
  CHECK(space.members() >= 2);
  ::kill(client.pid(), SIGKILL);
  CHECK(watcher->next(soon()).error().kind() == base::ErrorKind::kNotFound);
  CHECK(eventually([&] { return space.members() == 0; }));
  CHECK(fetch(lab.pin("n1"), 8080).empty());
  auto next = lab.keeper();
  CHECK(next.pid() != client.pid());
  CHECK(next.list(soon())->processes.empty());
  // The old client finds the new keeper by itself, once it has noticed.
  static_cast<void>(client.list(soon()));
  CHECK(client.list(soon()));
}

TEST_CASE("a launcher ends with who wants the keeper, and starts none for one that has ended") {
  const Lab lab;
  const keeper::Launch launch = lab.launch();
  const keeper::Paths paths(lab.address());
  const std::string words = " keeper --run-dir " + lab.address().runDir + " --lab " + lab.address().lab + " --worker " +
                            launch.worker + " --netns-dir " + launch.netnsDir;
  // It waits for the lock that is held here, until the shell that started it is killed.
  REQUIRE(shell("mkdir -p -m 700 " + paths.directory).empty());
  auto lock = keeper::takeLock(paths.lock);
  REQUIRE(lock);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ::execl("/bin/sh", "sh", "-c",
            (launch.program + words + " & echo $! >" + paths.directory + "/launcher; wait").c_str(), nullptr);
    ::_exit(127);
  }
  pid_t launcher = 0;
  CHECK(eventually([&] { return (launcher = std::atoi(slurp(paths.directory + "/launcher").c_str())) > 0; }));
  // By now it asks to be told of its parent's end.
  CHECK(eventually([&] {
    return slurp("/proc/" + std::to_string(launcher) + "/comm") != "sh\n" &&
           slurp("/proc/" + std::to_string(launcher) + "/stat").find(" S ") != std::string::npos;
  }));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  CHECK(eventually([&] { return !alive(launcher); }, 5'000));
  lock->reset();
  CHECK_FALSE(keeper::Client::connect(lab.address(), soon()));

  // Nobody reads any more what it would complain about.
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  ::close(ends[0]);
  const pid_t late = ::fork();
  if (late == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", ("exec " + launch.program + words).c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  int status = 0;
  ::waitpid(late, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK_FALSE(keeper::Client::connect(lab.address(), soon()));
}

TEST_CASE("requests that make no sense are answered, and do not disturb the others") {
  Lab lab;
  auto client = lab.keeper();
  CHECK(client.remove("n1", "lb", soon()));  // idempotent
  CHECK(client.removeTunnel("n1", "wg1", soon()));
  CHECK(client.openTunnel("n1", "wg1", soon()).error().kind() == base::ErrorKind::kNotFound);
  CHECK(client.output("n1", "lb", soon()).error().kind() == base::ErrorKind::kNotFound);
  CHECK(client.putTunnel({"n1", "wg 1/..", "n1", 0, 0}, soon()).error().kind() == base::ErrorKind::kInvalid);
  CHECK(client.put(command("../n1", {"true"}), soon()).error().kind() == base::ErrorKind::kInvalid);
  CHECK(client.put(command("missing", {"true"}), soon()).error().message().find("No such file") != std::string::npos);
  CHECK(client.list(soon())->processes.empty());
}
