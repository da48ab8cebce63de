// An apply that fails in the middle, as it is told to people and to programs.
#include "daemon/failure_report.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fake/fake_kernel.h"
#include "plan/plan.h"

using namespace vpclab;
using tests::FakeKernel;

namespace {

const std::string kLab = "hello";

// A switch with two servers, the lines of whose file are known.
state::State desired() {
  const auto at = [](int line) { return state::Origin{"server", {"lab.yaml", line, 3}}; };
  state::State out;
  out.add(state::Netns{"sw"}, at(4));
  out.add(state::Bridge{"sw", "br0", net::Mac::fromSeed("sw"), 1500, true}, at(4));
  int line = 5;
  for (const std::string server : {"alice", "bob"}) {
    out.add(state::Netns{server}, at(line));
    state::VethEnd port{"sw", server, net::Mac::fromSeed("port" + server)};
    port.master = "br0";
    out.add(state::makeVeth(state::VethEnd{server, "eth0", net::Mac::fromSeed(server)}, port), at(line));
    out.add(state::Address{server, "eth0", *net::Prefix::parse("10.0.0." + std::to_string(line) + "/24")}, at(line));
    ++line;
  }
  return out;
}

daemon::Settled bring(FakeKernel& kernel, const plan::Progress& progress = {}) {
  auto observed = *kernel.observe(kLab);
  auto plan = plan::diff(desired(), observed);
  return daemon::bringTo(desired(), std::move(plan), std::move(observed), kernel, kLab,
                         base::Deadline::after(base::Milliseconds(10'000)), progress, {});
}

base::Error refusal() {
  return base::Error::fromErrno(ENOMEM, "create veth alice/eth0").withKernelText("no room for another link");
}

// The operation that makes alice's cable. In which order a batch is carried out is the kernel port's business.
std::size_t cable() {
  for (std::size_t n = 1; n <= desired().entries().size(); ++n) {
    FakeKernel kernel;
    kernel.failAt(n, refusal());
    const auto failed = bring(kernel);
    const auto causes = failed.rounds.front().report.rootCauses();
    if (causes.size() == 1 && causes[0]->step->key == state::Key{state::Kind::kVeth, "", "alice", "eth0"}) {
      return n;
    }
  }
  return 0;
}

void checkGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(VPCLAB_SOURCE_DIR) + "/tests/golden/failure/" + name;
  if (std::getenv("VPCLAB_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream in(path, std::ios::binary);
  std::ostringstream want;
  want << in.rdbuf();
  CHECK(text == want.str());
}

std::string told(const daemon::Settled& failed) {
  return base::join(daemon::failureLines(kLab, failed), "\n") + daemon::whatToDo(failed) + "\n";
}

// The second and later looks fail.
class Blind : public FakeKernel {
 public:
  base::Result<state::State> observe(const std::string& lab) override {
    if (looks_++ == 0) {
      return FakeKernel::observe(lab);
    }
    return base::fail(base::Error::fromErrno(ENOBUFS, "list the links of sw"));
  }

 private:
  int looks_ = 0;
};

// Carries out everything, and says of one step that it did not.
class Silent : public FakeKernel {
 public:
  std::vector<base::Result<>> execute(const std::string& lab, std::span<const plan::Step> steps,
                                      base::Deadline deadline) override {
    auto results = FakeKernel::execute(lab, steps, deadline);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].key.kind == state::Kind::kAddress && steps[i].key.netns == "bob") {
        results[i] = base::fail(base::ErrorKind::kTimeout, "add 10.0.0.6/24: the kernel has not answered");
      }
    }
    return results;
  }
};

}  // namespace

TEST_CASE("one cause, what it kept from being made, the sums; the next apply goes on") {
  FakeKernel kernel;
  kernel.failAt(cable(), refusal());
  const auto failed = bring(kernel);
  REQUIRE_FALSE(failed.settled);
  checkGolden("middle.txt", told(failed));
  checkGolden("middle.json", daemon::failureJson(failed).dump(2) + "\n");
  const auto again = bring(kernel);
  CHECK(again.settled);
  CHECK(told(again) == "\n");
  CHECK(daemon::failureJson(again).is_null());
}

TEST_CASE("a look that fails at the end leaves open whether all is as wanted") {
  Blind kernel;
  const auto failed = bring(kernel);
  checkGolden("blind.txt", told(failed));
  const auto report = daemon::failureJson(failed);
  CHECK(report["different"].is_null());
  CHECK(report["look"].get<std::string>().find("list the links of sw") == 0);
}

TEST_CASE("stopped on request: how much was made") {
  FakeKernel kernel;
  const auto stopped = bring(kernel, [](std::size_t, std::size_t) { return false; });
  REQUIRE(stopped.cancelled);
  CHECK(told(stopped) ==
        "lab hello: 4 of 8 changes were made before it was stopped on request; what was made stays: apply it "
        "again to go on, or take it down\n");
}

TEST_CASE("an answer that was lost is a warning where the kernel has done it") {
  Silent kernel;
  const auto settled = bring(kernel);
  CHECK(settled.settled);
  CHECK(daemon::failureLines(kLab, settled).empty());
  const auto warnings = daemon::falseAlarms(settled);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].toString() ==
        "lab.yaml:6:3: warning: create address bob/eth0 10.0.0.6/24: add 10.0.0.6/24: the kernel has not answered; a "
        "look at "
        "the kernel has found all as wanted");
}
