#include "keeper/paths.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/file.h"

using namespace vpclab;
using keeper::checkAddress;

TEST_CASE("a lab's name cannot lead out of its directory") {
  CHECK(checkAddress({"/run/vpclab", "cross-region"}));
  for (const char* lab : {"", ".", "..", "../x", "a/b", ".hidden", "a b", "a\nb"}) {
    CHECK_FALSE(checkAddress({"/run/vpclab", lab}));
  }
  CHECK_FALSE(checkAddress({"run", "x"}));
  CHECK_FALSE(checkAddress({"", "x"}));
}

TEST_CASE("a record is a pid and its start time; anything else is refused") {
  std::string path = "/tmp/vpclab-record-XXXXXX";
  const base::UniqueFd file(::mkstemp(path.data()));
  const auto start = keeper::startTimeOf(::getpid());
  REQUIRE(start);
  REQUIRE(keeper::writeRecord(path, {::getpid(), *start}));
  const auto record = keeper::readRecord(path);
  REQUIRE(record);
  CHECK(record->pid == ::getpid());
  CHECK(record->startTime == *start);
  for (const char* text : {"", "12", "1 5", "-4 5", "x y", "12 5 7", "99999999999 5"}) {
    REQUIRE(base::writeFileAtomically(path, text, 0600));
    CHECK_FALSE(keeper::readRecord(path));
  }
  ::unlink(path.c_str());
}
