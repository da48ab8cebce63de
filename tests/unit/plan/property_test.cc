// What diff and apply promise, over random labs, both kinds of kernel, and a kernel that fails.
#include <algorithm>
#include <array>
#include <cerrno>
#include <random>

#include <doctest/doctest.h>

#include "fake/fake_kernel.h"
#include "fake/random_lab.h"
#include "plan/apply.h"
#include "plan/plan.h"
#include "unit/compile/lab_files.h"

using namespace vpclab;
using tests::FakeKernel;

namespace {

constexpr unsigned kSeeds = 8;
const std::string kLab = "random";

base::Deadline soon() {
  return base::Deadline::after(base::Milliseconds(60'000));
}

state::Capabilities kernelOf(unsigned seed) {
  return seed % 2 == 0 ? tests::fullKernel() : tests::bareKernel();
}

// A random desired state; `allocations` go from one to the next as in the daemon.
state::State randomState(std::mt19937& random, const state::Capabilities& kernel, compile::Allocations& allocations) {
  const lab::Lab lab = tests::randomLab(random);
  compile::Allocations next;
  CHECK(compile::allocate(lab, allocations, tests::CountedKeys(), next).empty());
  allocations = next;
  const compile::Compiled compiled = compile::compile(lab, kernel, allocations);
  for (const auto& diagnostic : compiled.diagnostics) {
    FAIL_CHECK(diagnostic.toString());
  }
  return compiled.desired;
}

std::string firstFailure(const plan::Report& report) {
  const auto causes = report.rootCauses();
  return causes.empty() ? "none" : causes[0]->step->key.toString() + ": " + causes[0]->error->message();
}

// Whether the kernel holds exactly what is desired, parameters that nobody asked for aside, and all of it is alive.
void checkReached(FakeKernel& kernel, const state::State& desired) {
  const state::State observed = *kernel.observe(kLab);
  for (const auto& wanted : desired.entries()) {
    const auto& key = wanted.key();
    const state::Entry* there = observed.find(key);
    const bool asDesired = there != nullptr && state::isAsWanted(wanted, *there);
    CHECK_MESSAGE(asDesired, "not as desired: " << key.toString());
  }
  for (const auto& found : observed.entries()) {
    const auto& key = found.key();
    CHECK_MESSAGE((key.kind == state::Kind::kSysctl || desired.find(key) != nullptr), "left over: " << key.toString());
  }
  for (const auto& what : kernel.dead(kLab)) {
    FAIL_CHECK("dead: " << what);
  }
  CHECK(plan::diff(desired, observed).empty());
}

void bring(FakeKernel& kernel, const state::State& desired) {
  const plan::Plan plan = plan::diff(desired, *kernel.observe(kLab));
  const plan::Report report = plan::apply(plan, kernel, kLab, soon());
  CHECK_MESSAGE(report.ok(), firstFailure(report));
}

// Somebody's hand: deletes a few objects, changes a parameter, adds what nobody wants.
void tamper(FakeKernel& kernel, std::mt19937& random) {
  const state::State observed = *kernel.observe(kLab);
  std::vector<state::Key> keys;
  for (const auto& entry : observed.entries()) {
    if (entry.key().kind != state::Kind::kSysctl) {
      keys.push_back(entry.key());
    }
  }
  for (int i = 0; i < 3 && !keys.empty(); ++i) {
    kernel.deleteByHand(kLab, keys[random() % keys.size()]);
  }
  for (const auto& entry : observed.entries()) {
    const auto& key = entry.key();
    if (key.kind == state::Kind::kNetns && random() % 4 == 0) {
      kernel.put(kLab,
                 state::Route{key.netns, 77, *net::Prefix::parse("203.0.113.0/24"), 0, state::RouteType::kBlackhole});
    }
  }
  const state::State left = *kernel.observe(kLab);
  left.each<state::Netns>([&](const state::Key&, const state::Netns& netns) {
    if (random() % 8 == 0) {
      kernel.put(kLab, state::Netns{netns.name, netns.localRulePriority, random() % 2 == 0, false});
    }
  });
  left.each<state::Address>([&](const state::Key&, const state::Address& address) {
    if (random() % 4 == 0) {
      state::Address other = address;
      other.secondary = random() % 4 == 0;
      if (address.noPrefixRoute || address.prefix.length() == 32) {
        other.peer = address.prefix.last();
      } else {
        other.lost.connected = state::kMainTable;
        other.lost.local = random() % 2 == 0 ? state::kLocalTable : 0;
      }
      kernel.put(kLab, other);
    }
  });
  for (const auto& entry : left.entries()) {
    if (entry.key().kind == state::Kind::kSysctl && random() % 4 == 0) {
      const auto& sysctls = std::get<state::Sysctls>(*entry.object);
      std::vector<state::Parameter> changed(sysctls.parameters.begin(), sysctls.parameters.end());
      auto& one = changed[random() % changed.size()];
      one.value = one.value == "0" ? "1" : "0";
      kernel.put(kLab, state::Sysctls{sysctls.netns, sysctls.link, state::Parameters(std::move(changed))});
    }
  }
}

}  // namespace

TEST_CASE("diff(x, x) is empty, and diff does not depend on the order of input") {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    compile::Allocations allocations;
    const state::State desired = randomState(random, kernelOf(seed), allocations);
    CHECK(plan::diff(desired, desired).empty());
    std::mt19937 again(seed);
    const lab::Lab lab = tests::randomLab(again);
    const lab::Lab other = tests::shuffled(lab, again);
    compile::Allocations otherAllocations;
    CHECK(compile::allocate(other, {}, tests::CountedKeys(), otherAllocations).empty());
    CHECK(otherAllocations == allocations);
    CHECK((compile::compile(other, kernelOf(seed), allocations).desired == desired));
  }
}

TEST_CASE("apply reaches what is desired from any state, in one go, and the second apply does nothing") {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    FakeKernel kernel;
    compile::Allocations allocations;
    const state::Capabilities capabilities = kernelOf(seed);
    for (int round = 0; round < 3; ++round) {
      CAPTURE(round);
      const state::State desired = randomState(random, capabilities, allocations);
      bring(kernel, desired);
      checkReached(kernel, desired);
      tamper(kernel, random);
      bring(kernel, desired);
      checkReached(kernel, desired);
    }
    bring(kernel, {});
    CHECK(kernel.observe(kLab)->empty());
  }
}

TEST_CASE("a node that was of another kind has the parameters of a new one") {
  // Border routers by policy rules want what no other node does.
  const std::string before = R"(
lab: random
regions: {r: {}}
vpcs: {v: {region: r, cidr: 10.1.0.0/16}}
vxnets: {n: {vpc: v, cidr: 10.1.1.0/24}}
border_routers: {x: {region: r, vxnets: [n]}}
)";
  const std::string after = R"(
lab: random
regions: {r: {}}
vpcs: {x: {region: r, cidr: 10.1.0.0/16}}
vxnets: {n: {vpc: x, cidr: 10.1.1.0/24}}
servers: {v: {vxnet: n}}
)";
  const auto desired = [](const std::string& text) {
    lab::BundleSource source({{"lab.yaml", text}});
    const lab::Loaded loaded = lab::load("lab.yaml", source);
    REQUIRE(loaded.ok());
    return tests::compiled(loaded.lab, tests::bareKernel()).desired;
  };
  FakeKernel changed;
  bring(changed, desired(before));
  bring(changed, desired(after));
  FakeKernel fresh;
  bring(fresh, desired(after));
  const state::State there = *changed.observe(kLab);
  fresh.observe(kLab)->each<state::Sysctls>([&](const state::Key& key, const state::Sysctls& own) {
    REQUIRE(there.get<state::Sysctls>(key) != nullptr);
    for (const state::Parameter& one : own.parameters) {
      CAPTURE(one.path.str());
      CHECK(*there.get<state::Sysctls>(key)->parameters.find(one.path) == one.value);
    }
  });
}

TEST_CASE("from one kind of kernel to the other") {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    CAPTURE(seed);
    FakeKernel kernel;
    for (unsigned round = 0; round < 3; ++round) {
      std::mt19937 random(seed);
      compile::Allocations allocations;
      const state::State desired = randomState(random, kernelOf(round), allocations);
      bring(kernel, desired);
      checkReached(kernel, desired);
    }
  }
}

TEST_CASE("after a fault at any step a rerun converges") {
  static constexpr std::array kErrors{ENOMEM, EBUSY, EEXIST, ENOBUFS, EINTR, ETIMEDOUT};
  for (unsigned seed = 0; seed < 3; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    compile::Allocations allocations;
    const state::Capabilities capabilities = kernelOf(seed);
    const state::State first = randomState(random, capabilities, allocations);
    const state::State second = randomState(random, capabilities, allocations);
    FakeKernel counter;
    bring(counter, first);
    const std::size_t before = counter.operations();
    bring(counter, second);
    const std::size_t operations = counter.operations() - before;
    for (std::size_t n = 1; n <= operations; n += 1 + n / 15) {
      for (const bool dies : {false, true}) {
        CAPTURE(n);
        CAPTURE(dies);
        FakeKernel kernel;
        bring(kernel, first);
        dies ? kernel.dieAt(n) : kernel.failAt(n, base::Error::fromErrno(kErrors.at(n % kErrors.size()), "injected"));
        const plan::Plan plan = plan::diff(second, *kernel.observe(kLab));
        const plan::Report report = plan::apply(plan, kernel, kLab, soon());
        CHECK(!report.ok());
        if (!dies) {
          // One fault, one root cause: whatever depends on it was skipped, not tried.
          std::string causes;
          for (const auto* cause : report.rootCauses()) {
            causes += cause->step->key.toString() + ": " + cause->error->message() + "\n";
          }
          CAPTURE(causes);
          CHECK(report.rootCauses().size() == 1);
          CHECK(firstFailure(report).find("injected") != std::string::npos);
        }
        kernel.recover();
        bring(kernel, second);
        checkReached(kernel, second);
      }
    }
  }
}

TEST_CASE("another lab is not touched, and what did not change keeps its identity") {
  std::mt19937 random(4);
  compile::Allocations allocations;
  FakeKernel kernel;
  const state::State desired = randomState(random, tests::fullKernel(), allocations);
  CHECK(plan::apply(plan::diff(desired, {}), kernel, "other", soon()).ok());
  const state::State other = *kernel.observe("other");
  bring(kernel, desired);
  std::map<std::string, std::uint64_t> inodes;
  for (const auto& entry : desired.entries()) {
    inodes[entry.key().netns] = kernel.inode(kLab, entry.key().netns);
  }
  const state::State next = randomState(random, tests::fullKernel(), allocations);
  bring(kernel, next);
  for (const auto& [netns, inode] : inodes) {
    if (next.find(state::Netns{netns}.key()) != nullptr) {
      CHECK(kernel.inode(kLab, netns) == inode);
    }
  }
  bring(kernel, {});
  CHECK((*kernel.observe("other") == other));
}
