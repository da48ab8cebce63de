#include <atomic>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/file.h"
#include "unit/lb/raw_server.h"
#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;
using std::chrono::milliseconds;

TEST_CASE("changes under load lose no request") {
  Lab lab;
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::string failure;
  std::mutex mutex;
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, i] {
      while (!stop) {
        const auto out = i % 2 == 0 ? get(lab.front.address) : getMany(lab.front.address, 20);
        if (out.find('!') == std::string::npos) {
          ++good;
        } else {
          const std::lock_guard lock(mutex);
          failure = out;
        }
      }
    });
  }
  const auto all = lab.listener;
  const auto inode = lab.balancer.pid();
  for (int round = 0; round < 20; ++round) {
    lab.listener = all;
    if (round % 3 == 0) {
      lab.listener.backends.pop_back();
    } else if (round % 3 == 1) {
      lab.listener.backends[0].weight = 0;
      lab.listener.backends[1].disabled = true;
    }
    lab.listener.maxHeaderBytes = round % 2 == 0 ? 15'360 : 60'000;
    // The keeper passes the sockets again each time, and sometimes as other descriptors of the same.
    const base::UniqueFd copy(::dup(lab.front.fd.get()));
    REQUIRE(lab.balancer.configure(lab.process(), {copy.get()})["ok"] == true);
    std::this_thread::sleep_for(milliseconds(30));
  }
  stop = true;
  for (auto& client : clients) {
    client.join();
  }
  CHECK(failure == "");
  CHECK(good > 20);
  CHECK(lab.balancer.pid() == inode);
}

TEST_CASE("what has not changed keeps its health, counters and turn") {
  Lab lab;
  CHECK(get(lab.front.address) == "s1");
  auto before = lab.balancer.status()["listeners"][0]["backends"];
  lab.listener.idleTimeout = milliseconds(9000);
  lab.apply();
  auto after = lab.balancer.status()["listeners"][0]["backends"];
  CHECK(after[0]["sinceMs"] == before[0]["sinceMs"]);
  CHECK(after[0]["requests"] == 1);
  CHECK(getMany(lab.front.address, 2) == "s2s3");

  lab.listener.backends[0].disabled = true;
  lab.listener.backends[1].weight = 0;
  lab.apply();
  after = lab.balancer.status()["listeners"][0]["backends"];
  CHECK(after[0]["state"] == "disabled");
  CHECK(after[0]["reason"] == "");
  CHECK(after[1]["state"] == "drain");
  CHECK(getMany(lab.front.address, 3) == "s3s3s3");
}

TEST_CASE("turns are exact at once after a change of weights or of members; the log has the new name") {
  Lab lab;
  lab.listener.backends[1].weight = 100;
  lab.apply();
  getMany(lab.front.address, 20);
  lab.listener.backends[1].weight = 1;
  lab.apply();
  CHECK(getMany(lab.front.address, 6) == "s1s2s3s1s2s3");
  CHECK(get(lab.front.address) == "s1");
  lab.listener.backends.pop_back();
  lab.apply();
  CHECK(getMany(lab.front.address, 4) == "s1s2s1s2");
  lab.listener.name = "renamed";
  lab.apply();
  CHECK(get(lab.front.address) == "s1");
  CHECK(lab.balancer.waitForLog("renamed ").find(" renamed renamed/s1 ") != std::string::npos);
}

TEST_CASE("a removed backend and a removed listener finish their requests") {
  std::atomic<bool> go{false};
  RawServer slow("127.0.20.40", [&](int fd, int) {
    readUntil(fd, "\r\n\r\n");
    while (!go) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nslow\n");
  });
  Listening front("127.0.20.41");
  Worker balancer;
  const auto listener = listenerFor(front, {slow.address()});
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {listener}}}, {front.fd.get()})["ok"] == true);
  std::string first;
  std::thread client([&] { first = get(front.address); });
  while (balancer.status()["listeners"][0]["backends"][0]["active"] != 1) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  auto without = listener;
  without.backends.clear();
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {without}}}, {front.fd.get()})["ok"] == true);
  CHECK(get(front.address) == "!503");
  REQUIRE(balancer.configure({"lb", "lb", state::LoadBalancer{"lb", {}}}, {})["ok"] == true);
  go = true;
  client.join();
  CHECK(first == "slow");
}

TEST_CASE("messages that make no sense are refused and change nothing") {
  Lab lab;
  for (const std::string body : {"", "[]", "{}", R"({"op":"stop"})", R"({"op":"configure"})",
                                 R"({"op":"configure","process":{}})", R"({"op":"status","x":1})"}) {
    CHECK(lab.balancer.call(body)["ok"] == false);
  }
  CHECK(lab.balancer.configure(lab.process(), {})["ok"] == false);
  CHECK(lab.balancer.configure({"", "pages", state::PageServer{}}, {})["ok"] == false);
  CHECK(get(lab.front.address) == "s1");
}

TEST_CASE("the worker has no privilege, and ends with the keeper") {
  Lab lab;
  const auto status = base::readProcFile("/proc/" + std::to_string(lab.balancer.pid()) + "/status");
  REQUIRE(status);
  const auto value = [&](const std::string& key) {
    const auto at = status->find("\n" + key + ":\t") + key.size() + 3;
    return status->substr(at, status->find('\n', at) - at);
  };
  for (const char* key : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    CHECK(value(key) == "0000000000000000");
  }
  CHECK(value("NoNewPrivs") == "1");
  CHECK(value("Seccomp") == "2");
  if (::geteuid() == 0) {
    CHECK(value("CapBnd") == "0000000000000000");
    CHECK(value("Uid") == "65534\t65534\t65534\t65534");
    CHECK(value("Gid") == "65534\t65534\t65534\t65534");
  }
  CHECK(lab.balancer.end() == 0);
  CHECK(lab.pages.end() == 0);
}
