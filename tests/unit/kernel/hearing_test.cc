#include "kernel/hearing.h"

#include <cerrno>
#include <vector>

#include <doctest/doctest.h>

using namespace vpclab;
using kernel::Hearing;

namespace {

struct Told {
  std::vector<std::string> lines;
  Hearing hearing{[this](const std::string& lab, const std::string& what) { lines.push_back(lab + ": " + what); }};
};

const base::Error kForbidden = base::Error::fromErrno(EPERM, "listen");
const base::Error kFull = base::Error::fromErrno(EMFILE, "listen");

}  // namespace

TEST_CASE("that the kernel does not tell of changes is told once for each cause") {
  Told told;
  for (int i = 0; i < 3; ++i) {
    told.hearing.refused("one", kForbidden);
    told.hearing.refused("two", kForbidden);
  }
  REQUIRE(told.lines.size() == 1);
  CHECK(told.lines[0].starts_with("one: "));
  CHECK(told.lines[0].ends_with("listen: Operation not permitted"));
  told.hearing.refused("two", kFull);
  CHECK(told.lines.size() == 2);
  // Another lab that it does tell of changes nothing; what has worked in between is news when it fails again.
  told.hearing.works("three");
  told.hearing.refused("one", kForbidden);
  CHECK(told.lines.size() == 2);
  told.hearing.works("one");
  told.hearing.refused("one", kForbidden);
  CHECK(told.lines.size() == 3);
  told.hearing.forget("one");
  told.hearing.refused("one", kForbidden);
  CHECK(told.lines.size() == 4);
}

TEST_CASE("each time that more has changed than the kernel could tell is told") {
  Told told;
  told.hearing.lostCount("one");
  told.hearing.lostCount("one");
  CHECK(told.lines.size() == 2);
  CHECK(told.lines[1].starts_with("one: more was changed than the kernel could tell"));
}

TEST_CASE("the feature says what was chosen, why, and what to do") {
  Told told;
  const auto good = told.hearing.feature({});
  CHECK(good.name == "notifications");
  CHECK(good.chosen == "netlink");
  CHECK(good.works);
  CHECK(good.why.empty());
  CHECK(good.remedy.empty());

  // A lab is brought to what its file wants without it, too.
  const auto refused = told.hearing.feature(base::fail(kForbidden));
  CHECK(refused.chosen == "looking at all");
  CHECK(refused.works);
  CHECK(refused.why == "listen: Operation not permitted");
  CHECK(refused.remedy.find("CAP_NET_BROADCAST") != std::string::npos);
  const auto old = told.hearing.feature(base::fail(base::Error::fromErrno(ENOPROTOOPT, "listen")));
  CHECK(old.remedy.find("Linux 4.2") != std::string::npos);
  CHECK_FALSE(told.hearing.feature(base::fail(kFull)).remedy.empty());
}

TEST_CASE("the feature says what became of it in the labs that are up") {
  Told told;
  told.hearing.refused("one", kFull);
  told.hearing.lostCount("two");
  told.hearing.lostCount("two");
  told.hearing.lostCount("three");
  const auto feature = told.hearing.feature({});
  CHECK(feature.chosen == "netlink");
  CHECK(feature.why ==
        "all of lab one was looked at: listen: Too many open files; "
        "all of lab three was looked at once, for more was changed than the kernel could tell; "
        "all of lab two was looked at 2 times, for more was changed than the kernel could tell");
  CHECK(feature.remedy == "apply again, which tries again; see who changes so much: vpclab exec NODE -- ip monitor");
  told.hearing.works("one");
  told.hearing.forget("two");
  told.hearing.forget("three");
  CHECK(told.hearing.feature({}).why.empty());
  CHECK(told.hearing.feature({}).remedy.empty());
}
