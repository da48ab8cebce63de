#include <csignal>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "netns/keeper/fixture.h"

using namespace vpclab;
using namespace vpclab::test;

namespace {

std::string workerProgram() {
  const std::string path = VPCLAB_BINARY_DIR "/bin/vpclab-worker";
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 ? path : "";
}

}  // namespace

TEST_CASE("vpclab-worker: pages and a balancer before them, through the keeper") {
  if (workerProgram().empty()) {
    MESSAGE("skipped: vpclab-worker is not built");
    return;
  }
  Lab lab;
  lab.addNetns("n1");
  keeper::Launch launch = lab.launch();
  launch.worker = workerProgram();
  auto client = keeper::Client::ensure(lab.address(), launch, soon());
  REQUIRE_MESSAGE(client.has_value(), client.error().message());
  const auto loopback = *net::IpAddr::parse("127.0.0.1");
  auto put = client->put({"", "pages",
                          state::PageServer{{{"s1", {"n1", loopback, 8001}, "text/html", "one\n"},
                                             {"s2", {"n1", loopback, 8002}, "text/html", "two\n"}}}},
                         soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  auto process = balancer("n1", {{"web", 80}});
  auto& listener = std::get<state::LoadBalancer>(process.spec).listeners[0];
  listener.backends = {{"s1", loopback, 8001}, {"s2", loopback, 8002}};
  listener.healthCheck.interval = base::Milliseconds(1000);
  listener.healthCheck.timeout = base::Milliseconds(500);
  put = client->put(process, soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  const std::string enter = "nsenter --net=" + lab.pin("n1") + " ";
  const std::string twice = enter + "curl -s --max-time 2 http://127.0.0.1/ http://127.0.0.1/ | sort";
  CHECK(eventually([&] { return shell(twice) == "one\ntwo\n"; }));
  CHECK(client->control("n1", "lb", {{"op", "status"}}, soon()));
  const auto before = client->list(soon());
  REQUIRE(before);
  for (const auto& status : before->processes) {
    const std::string text = slurp("/proc/" + std::to_string(status.pid) + "/status");
    CHECK(text.find("CapEff:\t0000000000000000") != std::string::npos);
    CHECK(text.find("Uid:\t6") != std::string::npos);
    ::kill(status.pid, SIGKILL);
  }
  CHECK(eventually([&] { return shell(twice) == "one\ntwo\n"; }, 3000));
  ::kill(client->pid(), SIGKILL);
  CHECK(eventually([&] { return shell(enter + "ss -Hltn").empty(); }));
}
