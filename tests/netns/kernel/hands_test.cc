// What a hand does inside a lab's namespaces where the objects themselves stay: it is seen, and mended in place.
#include <csignal>
#include <thread>

#include "keeper/client.h"
#include "lab_fixture.h"
#include "plan/apply.h"

using namespace vpclab;
using namespace vpclab::state;
using tests::LabFixture;

TEST_CASE("a tunnel that nobody wants, whose process has ended or lost its namespace") {
  tests::skipUnlessRoot();
  if (!kernel::probe(nullptr)->wireGuardGo) {
    MESSAGE("skipped: wireguard-go does not run");
    return;
  }
  for (const bool ends : {true, false}) {
    CAPTURE(ends);
    LabFixture lab;
    lab.makeNodes({"br", "pop"});
    const State without = lab.observe();
    WgDevice device{"br", "wan", "pop"};
    device.implementation = TunnelImplementation::kWireGuardGo;
    device.privateKey = net::clampPrivateKey({{7}});
    device.publicKey = net::publicKeyOf(device.privateKey);
    lab.create({device});
    const auto tunnels = [&] {
      auto keeper = keeper::Client::connect({lab.runDir(), lab.name}, LabFixture::soon());
      REQUIRE(keeper);
      return keeper->list(LabFixture::soon())->tunnels;
    };
    const auto running = tunnels();
    REQUIRE(running.size() == 1);
    if (ends) {
      REQUIRE(::kill(running[0].pid, SIGKILL) == 0);
    } else {
      const std::string pin = lab.system->pinPath(lab.name, "br");
      tests::shell("umount " + pin + " && rm " + pin);
    }
    for (int i = 0; i < 500 && tunnels()[0].state != keeper::RunState::kExited; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const auto observed = lab.observe();
    CHECK(plan::apply(plan::diff(without, observed), *lab.system, lab.name, LabFixture::soon()).ok());
    CHECK(tunnels().empty());
    CHECK(::kill(running[0].pid, 0) != 0);
    CHECK(plan::diff(without, lab.observe()).empty());
  }
}
