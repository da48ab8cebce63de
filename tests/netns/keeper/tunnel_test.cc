#include <csignal>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "keeper/watcher.h"
#include "netns/keeper/fixture.h"

using namespace vpclab;
using namespace vpclab::test;

namespace {

// The answer to get=1, https://www.wireguard.com/xplatform/: ends with an empty line.
std::string getDevice(int fd) {
  REQUIRE(base::writeAll(fd, "get=1\n\n"));
  std::string text;
  char buffer[512];
  while (!text.ends_with("\n\n")) {
    pollfd entry{fd, POLLIN, 0};
    const ssize_t n = ::poll(&entry, 1, 3000) > 0 ? ::read(fd, buffer, sizeof(buffer)) : 0;
    if (n <= 0) {
      break;
    }
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

bool available() {
  struct stat info = {};
  return ::stat("/usr/bin/wireguard-go", &info) == 0 && ::stat("/dev/net/tun", &info) == 0;
}

}  // namespace

TEST_CASE("wireguard-go: its interface is in its place, it answers, its death is told, and it can be had again") {
  if (!available()) {
    MESSAGE("skipped: no wireguard-go or no /dev/net/tun");
    return;
  }
  Lab lab;
  lab.addNetns("br");
  lab.addNetns("pop");
  auto client = lab.keeper();
  auto watcher = keeper::Watcher::connect(lab.address(), soon());
  REQUIRE(watcher);
  const std::string mounts = slurp("/proc/self/mountinfo");
  const keeper::Tunnel tunnel{"br", "wgk1", "pop", 1380, 0};
  const auto put = client.putTunnel(tunnel, soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  CHECK(shell("nsenter --net=" + lab.pin("br") + " ip -br link show wgk1").find("wgk1") == 0);
  // Its stand-in, whose MTU is all that wireguard-go can see of it.
  CHECK(shell("nsenter --net=" + lab.pin("pop") + " ip link show wgk1").find("mtu 1380") != std::string::npos);
  CHECK(shell("ip link show wgk1 2>&1").find("does not exist") != std::string::npos);

  auto socket = client.openTunnel("br", "wgk1", soon());
  REQUIRE_MESSAGE(socket.has_value(), socket.error().message());
  CHECK(getDevice(socket->get()).find("errno=0\n") != std::string::npos);
  CHECK(slurp("/proc/self/mountinfo") == mounts);
  CHECK(shell("ls /run/wireguard/wgk1.sock 2>/dev/null") == "");

  auto listing = client.list(soon());
  REQUIRE(listing->tunnels.size() == 1);
  CHECK(listing->tunnels[0].tunnel == tunnel);
  CHECK(listing->tunnels[0].state == keeper::RunState::kRunning);
  const pid_t pid = listing->tunnels[0].pid;
  CHECK(slurp("/proc/" + std::to_string(pid) + "/comm") == "wireguard-go\n");
  REQUIRE(client.putTunnel(tunnel, soon()));
  CHECK(client.list(soon())->tunnels[0].pid == pid);

  ::kill(pid, SIGKILL);
  for (;;) {
    const auto event = watcher->next(soon());
    REQUIRE(event);
    CHECK(event->tunnel);
    CHECK(event->netns == "br");
    CHECK(event->name == "wgk1");
    if (event->state == keeper::RunState::kExited) {
      CHECK(event->lastExit == "signal 9 (Killed)");
      break;
    }
  }
  listing = client.list(soon());
  CHECK(listing->tunnels[0].state == keeper::RunState::kExited);
  CHECK(listing->tunnels[0].pid == 0);
  CHECK(client.openTunnel("br", "wgk1", soon()).error().kind() == base::ErrorKind::kNotFound);
  REQUIRE(client.putTunnel(tunnel, soon()));
  CHECK(client.list(soon())->tunnels[0].restarts == 1);
  REQUIRE(client.removeTunnel("br", "wgk1", soon()));
  CHECK(client.list(soon())->tunnels.empty());
  for (const char* netns : {"br", "pop"}) {
    CHECK(shell("nsenter --net=" + lab.pin(netns) + " ip link show wgk1 2>&1").find("does not exist") !=
          std::string::npos);
  }
}

TEST_CASE("a tunnel that cannot start says why") {
  if (!available()) {
    MESSAGE("skipped: no wireguard-go or no /dev/net/tun");
    return;
  }
  Lab lab;
  lab.addNetns("br");
  lab.addNetns("pop");
  auto client = lab.keeper();
  CHECK(client.putTunnel({"missing", "wgk2", "pop", 0, 0}, soon()).error().kind() == base::ErrorKind::kNotFound);
  CHECK(client.putTunnel({"br", "wgk2", "missing", 0, 0}, soon()).error().kind() == base::ErrorKind::kNotFound);
  for (const char* netns : {"br", "pop"}) {
    shell("nsenter --net=" + lab.pin(netns) + " ip link add wgk2 type veth peer name wgk3");
    const auto put = client.putTunnel({"br", "wgk2", "pop", 0, 0}, soon());
    REQUIRE_FALSE(put);
    CHECK(put.error().message().find("tunnel wgk2 of br: " + std::string(netns) + ": make the tun interface wgk2: ") !=
          std::string::npos);
    shell("nsenter --net=" + lab.pin(netns) + " ip link del wgk2");
  }
  CHECK(client.list(soon())->tunnels.empty());
}
