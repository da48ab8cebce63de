#include "daemon/settle.h"

#include <doctest/doctest.h>

#include "fake/fake_kernel.h"

using namespace vpclab;

namespace {

constexpr const char* kLab = "lab";

state::State labWith(const std::string& address) {
  state::State out;
  out.add(state::Netns{"sw"});
  out.add(state::Bridge{"sw", "br0"});
  for (const std::string server : {"alice", "bob"}) {
    out.add(state::Netns{server});
    state::VethEnd port{"sw", server, net::Mac::fromSeed("port" + server)};
    port.master = "br0";
    out.add(state::makeVeth(state::VethEnd{server, "eth0", net::Mac::fromSeed(server)}, port));
  }
  out.add(state::Address{"alice", "eth0", *net::Prefix::parse(address)});
  out.add(state::Address{"bob", "eth0", *net::Prefix::parse("10.0.0.3/24")});
  return out;
}

// Remembers at what it was asked to look again.
class Watched : public tests::FakeKernel {
 public:
  base::Result<state::State> observeAgain(const std::string& lab, state::State /*before*/,
                                          const plan::Touched& touched) override {
    again.push_back(touched.namespaces);
    return FakeKernel::observe(lab);
  }
  std::vector<std::set<std::string>> again;
};

bool settles(Watched& kernel, const state::State& desired) {
  auto observed = *kernel.observe(kLab);
  auto plan = plan::diff(desired, observed);
  return daemon::bringTo(desired, std::move(plan), std::move(observed), kernel, kLab,
                         base::Deadline::after(base::Milliseconds(10'000)), {}, {})
      .settled;
}

}  // namespace

TEST_CASE("a small change is looked at where it was made, a large one everywhere") {
  Watched kernel;
  CHECK(settles(kernel, labWith("10.0.0.2/24")));
  CHECK(kernel.again.empty());
  CHECK(settles(kernel, labWith("10.0.0.9/24")));
  REQUIRE(kernel.again.size() == 1);
  CHECK(kernel.again.front() == std::set<std::string>{"alice"});
  // Where its cable led to is looked at too.
  const state::State all = labWith("10.0.0.9/24");
  state::State less = all;
  for (const auto& entry : all.entries()) {
    const auto& key = entry.key();
    if (key.netns == "bob" || std::holds_alternative<state::Veth>(*entry.object)) {
      less.remove(key);
    }
  }
  state::VethEnd port{"sw", "alice", net::Mac::fromSeed("portalice")};
  port.master = "br0";
  less.add(state::makeVeth(state::VethEnd{"alice", "eth0", net::Mac::fromSeed("alice")}, port));
  for (const std::string more : {"x", "y", "z"}) {
    less.add(state::Netns{more});
  }
  kernel.put(kLab, state::Netns{"x"});
  kernel.put(kLab, state::Netns{"y"});
  kernel.put(kLab, state::Netns{"z"});
  CHECK(settles(kernel, less));
  REQUIRE(kernel.again.size() == 2);
  CHECK(kernel.again.back() == std::set<std::string>{"bob", "sw"});
}
