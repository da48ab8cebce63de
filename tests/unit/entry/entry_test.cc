#include <doctest/doctest.h>
#include <unistd.h>

#include "base/file.h"
#include "entry/caller.h"
#include "entry/cgroup.h"
#include "entry/enter.h"

using namespace vpclab;

TEST_CASE("a report arrives as it was sent; what is none tells of an end without a word") {
  for (const auto& sent : {entry::Report{0, ""}, entry::Report{255, ""}, entry::Report{127, "exec x:\nnot found"}}) {
    const auto got = entry::decodeReport(entry::encodeReport(sent));
    CHECK(got.status == sent.status);
    CHECK(got.error == sent.error);
  }
  for (const char* bad : {"", "0", "256\n", "-1\n", "x\n", "\n"}) {
    CAPTURE(bad);
    const auto got = entry::decodeReport(bad);
    CHECK(got.status == 125);
    CHECK_FALSE(got.error.empty());
  }
}

TEST_CASE("limits are read as the kernel shows them, which is in the order of their numbers") {
  const auto text = base::readProcFile("/proc/self/limits");
  REQUIRE(text);
  const auto limits = entry::parseLimits(*text);
  REQUIRE(limits);
  for (std::size_t i = 0; i < limits->size(); ++i) {
    CAPTURE(i);
    rlimit own{};
    REQUIRE(::getrlimit(static_cast<__rlimit_resource>(i), &own) == 0);
    CHECK(limits->at(i).rlim_cur == own.rlim_cur);
    CHECK(limits->at(i).rlim_max == own.rlim_max);
  }
  CHECK_FALSE(entry::parseLimits(""));
  CHECK_FALSE(entry::parseLimits(text->substr(0, text->size() / 2)));
}

TEST_CASE("the control group is the one of version 2, and below this process' own root") {
  CHECK(entry::cgroupPath("0::/user.slice/user-1000.slice/session-3.scope\n") ==
        "/user.slice/user-1000.slice/session-3.scope");
  CHECK(entry::cgroupPath("9:name=systemd:/a\n8:pids:/b\n0::/\n") == "/");
  for (const char* none : {"", "8:pids:/b\n", "0::\n", "0::/../other\n", "0::/a/../../b", "0::relative\n"}) {
    CAPTURE(none);
    CHECK_FALSE(entry::cgroupPath(none));
  }
}

TEST_CASE("what holds for the caller is asked of the caller alone") {
  const entry::Caller self{::getpid(), ::geteuid(), 0, {}};
  REQUIRE(entry::boundsOf(self));
  entry::Caller other = self;
  other.uid = self.uid + 1;
  CHECK(entry::boundsOf(other).error().kind() == base::ErrorKind::kPermission);
}
