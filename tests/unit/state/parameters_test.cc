#include <doctest/doctest.h>

#include "state/state.h"

using namespace vpclab::state;

namespace {

const Parameter kRedirects{"net/ipv4/conf/all/accept_redirects", "0"};
const Parameter kFilter{"net/ipv4/conf/all/rp_filter", "0"};

Sysctls own(std::vector<Parameter> list) {
  return {"n", {}, Parameters(std::move(list))};
}

std::vector<Parameter> listOf(const Parameters& parameters) {
  return {parameters.begin(), parameters.end()};
}

}  // namespace

TEST_CASE("parameters have one order, in which they are written: what others depend on comes first") {
  const Parameter forward{kIpForward, "1"};
  const Parameters some({kFilter, forward, kRedirects});
  CHECK(listOf(some) == std::vector<Parameter>{forward, kRedirects, kFilter});
  CHECK(some == Parameters({forward, kRedirects, kFilter}));
  CHECK_FALSE(some == Parameters({forward, kRedirects}));
  CHECK(*some.find(kIpForward) == "1");
  CHECK(some.find("net/ipv4/icmp_ratelimit") == nullptr);
  CHECK(listOf(Parameters({kFilter, kRedirects, {kFilter.path, "2"}})) ==
        std::vector<Parameter>{kRedirects, {kFilter.path, "2"}});
  CHECK(Parameters().empty());
  CHECK(Parameters() == Parameters(std::vector<Parameter>()));
}

TEST_CASE("as wanted is what has all that is wanted, whatever else there is") {
  const Sysctls want = own({kFilter, {kIpForward, "1"}});
  const Sysctls more = own({kFilter, {kIpForward, "1"}, {"net/ipv4/icmp_ratelimit", "1000"}});
  CHECK(isAsWanted(Object(want), Object(more)));
  CHECK_FALSE(isAsWanted(Object(more), Object(want)));
  CHECK_FALSE(isAsWanted(Object(want), Object(own({kFilter, {kIpForward, "0"}, kRedirects}))));
  CHECK_FALSE(isAsWanted(Object(want), Object(Netns{"n"})));
  CHECK(onlyWanted(more, want) == want);
  CHECK(onlyWanted(own({kFilter, kRedirects}), want) == own({kFilter}));
}

TEST_CASE("what differs is written, but for what the kernel sets by itself with another one") {
  const Parameter forward{kIpForward, "1"};
  const Sysctls want = own({kFilter, kRedirects, forward});
  CHECK(toWrite(want, nullptr) == want.parameters);
  CHECK(toWrite(want, &want).empty());
  const Sysctls filtered = own({{kFilter.path, "1"}, kRedirects, forward});
  CHECK(listOf(toWrite(want, &filtered)) == std::vector<Parameter>{kFilter});

  // Who begins to forward accepts no redirects any more, who ends does.
  const Sysctls host = own({kFilter, {kRedirects.path, "1"}, {kIpForward, "0"}});
  CHECK(listOf(toWrite(want, &host)) == std::vector<Parameter>{forward});
  const Sysctls quiet = own({kRedirects, {kIpForward, "0"}});
  const Sysctls router = own({kRedirects, forward});
  CHECK(listOf(toWrite(quiet, &router)) == std::vector<Parameter>{{kIpForward, "0"}, kRedirects});
  const Sysctls accepting = own({{kRedirects.path, "1"}, forward});
  CHECK(listOf(toWrite(accepting, &quiet)) == std::vector<Parameter>{forward, {kRedirects.path, "1"}});
  const Sysctls unknown = own({kFilter});
  CHECK(listOf(toWrite(want, &unknown)) == std::vector<Parameter>{forward, kRedirects});

  // Switching IPv6 off, or on, goes for new links, too.
  const Parameter off{"net/ipv6/conf/all/disable_ipv6", "1"};
  const Parameter offByDefault{"net/ipv6/conf/default/disable_ipv6", "1"};
  const Sysctls without = own({off, offByDefault});
  const Sysctls with = own({{off.path, "0"}, {offByDefault.path, "0"}});
  CHECK(listOf(toWrite(without, &with)) == std::vector<Parameter>{off});
  const Sysctls half = own({off, {offByDefault.path, "0"}});
  CHECK(listOf(toWrite(without, &half)) == std::vector<Parameter>{offByDefault});
  CHECK(listOf(toWrite(half, &with)) == std::vector<Parameter>{off, {offByDefault.path, "0"}});
}

TEST_CASE("what a new namespace has by itself is not written, and is known of no link") {
  const Parameter limit{kIcmpRateLimit, "1000"};
  CHECK(listOf(toWrite(own({kFilter, limit, {kFwmarkReflect, "1"}}), nullptr)) ==
        std::vector<Parameter>{kFilter, {kFwmarkReflect, "1"}});
  CHECK(listOf(toWrite({"n", "eth0", Parameters({limit})}, nullptr)) == std::vector<Parameter>{limit});
  const Sysctls router = own({{kIcmpRateLimit, "0"}});
  CHECK(listOf(toWrite(own({limit}), &router)) == std::vector<Parameter>{limit});
}
