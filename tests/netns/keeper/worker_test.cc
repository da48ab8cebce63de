#include <csignal>
#include <map>
#include <thread>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "keeper/watcher.h"
#include "netns/keeper/fixture.h"

using namespace vpclab;
using namespace vpclab::test;

namespace {

keeper::ProcessStatus only(keeper::Client& client) {
  const auto listing = client.list(soon());
  REQUIRE_MESSAGE(listing.has_value(), listing.error().message());
  REQUIRE(listing->processes.size() == 1);
  return listing->processes.front();
}

// The fake worker answers with its own number, which is one in the keeper's PID namespace.
std::string workerBehind(const Lab& lab, std::uint16_t port) {
  return fetch(lab.pin("n1"), port);
}

}  // namespace

TEST_CASE("a worker serves on what it was given, and keeps its process when its configuration changes") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  const auto first = balancer("n1", {{"a", 8080}});
  const auto put = client.put(first, soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  const auto status = only(client);
  CHECK(status.process == first);
  CHECK(status.state == keeper::RunState::kRunning);
  CHECK(shell("readlink /proc/" + std::to_string(status.pid) + "/ns/net") != shell("readlink /proc/self/ns/net"));
  const std::string worker = workerBehind(lab, 8080);
  CHECK_FALSE(worker.empty());

  REQUIRE(client.put(first, soon()));  // nothing to do
  REQUIRE(client.put(balancer("n1", {{"b", 8081}, {"a", 8080}}), soon()));
  CHECK(workerBehind(lab, 8081) == worker);
  CHECK(workerBehind(lab, 8080) == worker);
  REQUIRE(client.put(balancer("n1", {{"b", 8081}}), soon()));
  CHECK(workerBehind(lab, 8081) == worker);
  CHECK(workerBehind(lab, 8080).empty());
  CHECK(only(client).pid == status.pid);
  CHECK(client.output("n1", "lb", soon()) == "worker: hello\n");
}

TEST_CASE("a listener may take the place of a wider one") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  auto wide = balancer("n1", {{"a", 8080}});
  std::get<state::LoadBalancer>(wide.spec).listeners[0].listen.address = net::IpAddr();
  REQUIRE(client.put(wide, soon()));
  const auto narrow = client.put(balancer("n1", {{"a", 8080}}), soon());
  REQUIRE_MESSAGE(narrow.has_value(), narrow.error().message());
  CHECK_FALSE(workerBehind(lab, 8080).empty());
}

TEST_CASE("kill -9 of a worker: back within a second, on the same socket") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(balancer("n1", {{"a", 8080}}), soon()));
  auto watcher = keeper::Watcher::connect(lab.address(), soon());
  REQUIRE(watcher);
  const auto before = only(client);
  const std::string worker = workerBehind(lab, 8080);
  ::kill(before.pid, SIGKILL);
  const auto event = watcher->next(soon());
  REQUIRE(event);
  CHECK(event->netns == "n1");
  CHECK(event->name == "lb");
  CHECK(event->state == keeper::RunState::kBackOff);
  CHECK(event->lastExit == "signal 9 (Killed)");
  // Connected while nobody serves: waits in the backlog.
  const auto start = base::Clock::now();
  const std::string next = workerBehind(lab, 8080);
  CHECK(base::Clock::now() - start < base::Milliseconds(1000));
  CHECK_FALSE(next.empty());
  CHECK(next != worker);
  const auto after = only(client);
  CHECK(after.restarts == 1);
  CHECK(after.state == keeper::RunState::kRunning);
  CHECK(after.lastExit == "signal 9 (Killed)");
}

TEST_CASE("a worker that refuses, crashes or hangs is the put's error") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  auto put = client.put(balancer("n1", {{"refuse", 8080}}), soon());
  REQUIRE_FALSE(put);
  CHECK(put.error().message().find("not to my taste") != std::string::npos);
  put = client.put(balancer("n1", {{"crash", 8080}}), soon());
  REQUIRE_FALSE(put);
  INFO(put.error().message());
  CHECK(put.error().message().find("exit status 3: worker: cannot go on") != std::string::npos);
  const auto start = base::Clock::now();
  put = client.put(balancer("n1", {{"hang", 8080}}), soon(500));
  REQUIRE_FALSE(put);
  INFO(put.error().message());
  CHECK(put.error().kind() == base::ErrorKind::kTimeout);
  CHECK(base::Clock::now() - start < base::Milliseconds(1000));
  CHECK(eventually([&] { return client.list(soon())->processes.empty(); }));

  // A change that is refused leaves what was there.
  REQUIRE(client.put(balancer("n1", {{"a", 8080}}), soon()));
  const auto before = only(client);
  CHECK_FALSE(client.put(balancer("n1", {{"a", 8080}, {"refuse", 8081}}), soon()));
  CHECK(only(client).process == before.process);
  CHECK(only(client).pid == before.pid);
  CHECK_FALSE(workerBehind(lab, 8080).empty());
  CHECK(workerBehind(lab, 8081).empty());
}

TEST_CASE("a worker that hangs on a change is ended and starts again as it was") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(balancer("n1", {{"a", 8080}}), soon()));
  const auto before = only(client);
  // The client itself waits no longer than the keeper, so either may tell.
  const auto put = client.put(balancer("n1", {{"a", 8080}, {"hang", 8081}}), soon(300));
  REQUIRE_FALSE(put);
  CHECK(put.error().kind() == base::ErrorKind::kTimeout);
  auto other = lab.keeper();
  CHECK(eventually([&] { return only(other).restarts == 1 && only(other).state == keeper::RunState::kRunning; }));
  CHECK(only(other).process == before.process);
  CHECK_FALSE(workerBehind(lab, 8080).empty());
  // And it can be changed again.
  const auto again = other.put(balancer("n1", {{"a", 8080}, {"b", 8081}}), soon());
  REQUIRE_MESSAGE(again.has_value(), again.error().message());
  CHECK_FALSE(workerBehind(lab, 8081).empty());
}

namespace {

// A lab whose workers run a copy of this program, which can be replaced.
struct UpgradableLab : Lab {
  UpgradableLab() {
    addNetns("n1");
    shell("cp " + launch().worker + " " + program());
  }
  std::string program() const { return pin("n1") + ".worker"; }
  keeper::Client start() const {
    keeper::Launch how = launch();
    how.worker = program();
    auto client = keeper::Client::ensure(address(), how, soon());
    REQUIRE_MESSAGE(client.has_value(), client.error().message());
    return std::move(*client);
  }
  // As an installation does it: another file of the same name.
  void replace(const std::string& with) const {
    shell("cp " + with + " " + program() + ".new && mv " + program() + ".new " + program());
  }
};

}  // namespace

TEST_CASE("a worker whose program was replaced gives its sockets to a new one and is left to finish") {
  UpgradableLab lab;
  auto client = lab.start();
  const auto wanted = balancer("n1", {{"a", 8080}});
  REQUIRE(client.put(wanted, soon()));
  const auto first = only(client);
  const std::string old = workerBehind(lab, 8080);
  CHECK_FALSE(first.outdated);
  CHECK_FALSE(old.empty());

  lab.replace(lab.launch().worker);
  CHECK(only(client).outdated);
  CHECK(only(client).pid == first.pid);
  // What else is to change comes along.
  const auto put = client.put(balancer("n1", {{"a", 8080}, {"b", 8081}}), soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  const auto second = only(client);
  CHECK_FALSE(second.outdated);
  CHECK(second.state == keeper::RunState::kRunning);
  CHECK(second.restarts == 0);
  CHECK(second.pid != first.pid);
  CHECK(alive(first.pid));
  // The old one may take a last connection until it hears that it is to take no more.
  std::string next;
  CHECK(eventually([&] {
    next = workerBehind(lab, 8080);
    return next != old;
  }));
  CHECK_FALSE(next.empty());
  CHECK(workerBehind(lab, 8081) == next);

  // A crash of the new one is mended by itself; the old one is not touched by it.
  ::kill(second.pid, SIGKILL);
  CHECK(eventually([&] { return only(client).restarts == 1 && only(client).state == keeper::RunState::kRunning; }));
  CHECK(alive(first.pid));
  REQUIRE(client.remove("n1", "lb", soon()));
  CHECK_FALSE(alive(first.pid));
  CHECK(eventually([&] { return client.list(soon())->processes.empty(); }));
}

TEST_CASE("where the new worker does not start, the old one goes on") {
  UpgradableLab lab;
  auto client = lab.start();
  REQUIRE(client.put(balancer("n1", {{"a", 8080}}), soon()));
  const auto before = only(client);
  const std::string bad = lab.program() + ".bad";
  shell("printf '#!/bin/sh\necho no luck\nexit 3\n' > " + bad + "; chmod 755 " + bad);
  lab.replace(bad);
  for (int i = 0; i < 2; ++i) {
    const auto put = client.put(balancer("n1", {{"a", 8080}, {"b", 8081}}), soon());
    REQUIRE_FALSE(put);
    INFO(put.error().message());
    CHECK(put.error().message().find("the old worker goes on") != std::string::npos);
    CHECK(put.error().message().find("exit status 3: no luck") != std::string::npos);
    CHECK(only(client).pid == before.pid);
    CHECK(only(client).process == before.process);
    CHECK_FALSE(workerBehind(lab, 8080).empty());
    CHECK(workerBehind(lab, 8081).empty());
  }
  lab.replace(lab.launch().worker);
  const auto put = client.put(balancer("n1", {{"a", 8080}, {"b", 8081}}), soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  CHECK(only(client).pid != before.pid);
  CHECK_FALSE(workerBehind(lab, 8081).empty());
}

TEST_CASE("a worker that is removed while it starts: who started it is told") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  auto other = lab.keeper();
  base::Result<> put;
  std::thread starting([&] { put = client.put(balancer("n1", {{"hang", 8080}}), soon()); });
  CHECK(eventually([&] { return !other.output("n1", "lb", soon()).value_or("").empty(); }));
  CHECK(other.remove("n1", "lb", soon()));
  starting.join();
  REQUIRE_FALSE(put);
  CHECK(put.error().kind() == base::ErrorKind::kCancelled);
  CHECK(put.error().message().find("removed while it started") != std::string::npos);
  CHECK(other.list(soon())->processes.empty());
}

TEST_CASE("a worker that is removed while it starts has its grace, though its time to start ends meanwhile") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  auto other = lab.keeper();
  std::thread starting([&] { CHECK_FALSE(client.put(balancer("n1", {{"deaf", 8080}}), soon(1200))); });
  CHECK(eventually(
      [&] { return other.output("n1", "lb", soon()).value_or("").find("not listening") != std::string::npos; }));
  const auto start = base::Clock::now();
  CHECK(other.remove("n1", "lb", soon()));
  CHECK(base::Clock::now() - start > base::Milliseconds(1900));
  starting.join();
  CHECK(other.list(soon())->processes.empty());
  CHECK(other.put(balancer("n1", {{"a", 8080}}), soon()));
}

TEST_CASE("no two workers of a keeper run as one user, whatever their names hash to") {
  // Two names whose hashes meet in the range of users, 61184..65519.
  std::map<std::uint64_t, std::string> seen;
  std::string one;
  std::string two;
  Lab lab;
  for (int i = 0; two.empty(); ++i) {
    const std::string name = "lb" + std::to_string(i);
    const auto [at, fresh] = seen.emplace(base::stableHash(lab.address().lab + "/n1/" + name) % 4336, name);
    if (!fresh) {
      one = at->second;
      two = name;
    }
  }
  lab.addNetns("n1");
  auto client = lab.keeper();
  std::uint16_t port = 8080;
  for (const auto& name : {one, two}) {
    auto process = balancer("n1", {{"a", port++}});
    process.name = name;
    REQUIRE(client.put(process, soon()));
  }
  const auto listing = client.list(soon());
  REQUIRE(listing);
  REQUIRE(listing->processes.size() == 2);
  std::vector<std::string> users;
  for (const auto& process : listing->processes) {
    users.push_back(shell("tr '\\0' ' ' </proc/" + std::to_string(process.pid) + "/cmdline"));
  }
  CHECK(users[0].find("--uid") != std::string::npos);
  CHECK(users[0] != users[1]);
}

TEST_CASE("an address in use, a namespace that is not there") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  auto elsewhere = balancer("n1", {{"a", 8080}});
  std::get<state::LoadBalancer>(elsewhere.spec).listeners[0].listen.address = *net::IpAddr::parse("10.9.9.9");
  auto put = client.put(elsewhere, soon());
  REQUIRE_FALSE(put);
  CHECK(put.error().message().find("listen on 10.9.9.9:8080 in n1: Cannot assign requested address") !=
        std::string::npos);
}

TEST_CASE("a namespace that was replaced under the same name gets a new worker and new sockets") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  const auto process = balancer("n1", {{"a", 8080}});
  REQUIRE(client.put(process, soon()));
  const auto before = only(client);
  lab.addNetns("n1");
  CHECK(workerBehind(lab, 8080).empty());
  CHECK(only(client).state == keeper::RunState::kExited);
  REQUIRE(client.put(process, soon()));
  CHECK(only(client).state == keeper::RunState::kRunning);
  CHECK(only(client).pid != before.pid);
  CHECK_FALSE(workerBehind(lab, 8080).empty());
}

TEST_CASE("one worker without a network of its own serves pages in many namespaces") {
  Lab lab;
  state::PageServer pages;
  for (const std::string node : {"n1", "n2"}) {
    lab.addNetns(node);
    pages.sites.push_back({node, {node, *net::IpAddr::parse("127.0.0.1"), 80}, "text/html", "<h1>" + node + "</h1>"});
  }
  auto client = lab.keeper();
  REQUIRE(client.put({"", "pages", pages}, soon()));
  const std::string worker = fetch(lab.pin("n1"), 80);
  CHECK_FALSE(worker.empty());
  CHECK(fetch(lab.pin("n2"), 80) == worker);
  const std::string links = shell("nsenter -t " + std::to_string(only(client).pid) + " -n ip -br link");
  CHECK(links.find("lo") == 0);
  CHECK(links.find('\n') == links.size() - 1);
}

TEST_CASE("control messages reach the worker; a worker that is stopped costs only its own callers time") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(balancer("n1", {{"a", 8080}}), soon()));
  const auto answer = client.control("n1", "lb", {{"op", "echo"}, {"text", "hello"}}, soon());
  REQUIRE(answer);
  CHECK((*answer)["echo"] == "hello");
  const pid_t pid = only(client).pid;
  ::kill(pid, SIGSTOP);
  auto other = lab.keeper();
  const auto late = client.control("n1", "lb", {{"op", "echo"}, {"text", "late"}}, soon(300));
  REQUIRE_FALSE(late);
  CHECK(late.error().kind() == base::ErrorKind::kTimeout);
  CHECK(other.list(soon(500)));
  ::kill(pid, SIGCONT);
  const auto again = client.control("n1", "lb", {{"op", "echo"}, {"text", "again"}}, soon());
  REQUIRE(again);
  CHECK((*again)["echo"] == "again");
  // Even a stopped one can be removed.
  ::kill(pid, SIGSTOP);
  CHECK(client.remove("n1", "lb", soon()));
  CHECK_FALSE(alive(pid));
}
