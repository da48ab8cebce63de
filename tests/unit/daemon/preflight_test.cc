#include "daemon/preflight.h"

#include <doctest/doctest.h>

#include "unit/state/objects.h"

using namespace vpclab;
using namespace vpclab::state;

namespace {

State labOfPages(int servers) {
  State out;
  PageServer pages;
  for (int i = 0; i < servers; ++i) {
    const std::string id = "s" + std::to_string(i);
    out.add(Netns{id});
    pages.sites.push_back({id, {id, {}, 80}, "text/html", "page"});
  }
  out.add(Process{"", "pages", pages});
  return out;
}

}  // namespace

TEST_CASE("what a plan takes: new namespaces and processes, and every socket of the lab") {
  const State desired = labOfPages(10);
  const auto all = daemon::needsOf(plan::diff(desired, {}), desired);
  CHECK(all.namespaces == 10);
  CHECK(all.processes == 2);
  CHECK(all.keeperFiles == 10 + 4 + 32);
  // What is there already takes nothing more, but its sockets count against the limit of one process.
  const auto none = daemon::needsOf(plan::diff(desired, desired), desired);
  CHECK(none.namespaces == 0);
  CHECK(none.processes == 0);
  CHECK(none.keeperFiles == all.keeperFiles);
}

TEST_CASE("shortages are told with numbers and a remedy, all at once; what is not known refuses nothing") {
  CHECK(daemon::shortages({1000, 1000, 1000}, {}).empty());
  CHECK(daemon::shortages({10, 10, 10}, {10, 10, 10, 10}).empty());
  const auto told = daemon::shortages({11, 12, 13}, {10, 9, 8, 7});
  REQUIRE(told.size() == 4);
  CHECK(told[0] ==
        "this takes 11 network namespaces, and this host has 10 left; raise "
        "/proc/sys/user/max_net_namespaces, or split the lab");
  CHECK(told[1].find("fs/mount-max") != std::string::npos);
  CHECK(told[2].find("TasksMax=") != std::string::npos);
  CHECK(told[3] ==
        "this takes 13 open files of one process (a socket for each page and listener), and this host has 7 "
        "left; raise the daemon's hard limit on open files (LimitNOFILE= of its unit), or split the lab");
}

TEST_CASE("this host's limits can be read") {
  CHECK_FALSE(daemon::readHostLimits({}).mounts);
  daemon::Needs needs;
  needs.namespaces = 1;
  const auto limits = daemon::readHostLimits(needs);
  CHECK(limits.mounts);
  CHECK(limits.processes);
  CHECK(*limits.processes > 10);
}
