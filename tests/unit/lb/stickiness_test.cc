#include "lb/stickiness.h"

#include <doctest/doctest.h>

using namespace vpclab;

namespace {

const state::StickyCookie kInsert{state::Stickiness::kInsert, "SID", std::chrono::seconds(0)};
const state::StickyCookie kTimed{state::Stickiness::kInsert, "SID", std::chrono::seconds(800)};
const state::StickyCookie kPrefix{state::Stickiness::kPrefix, "SID", std::chrono::seconds(0)};
const state::StickyCookie kRewrite{state::Stickiness::kRewrite, "SID", std::chrono::seconds(0)};

lb::StickyRequest read(std::string_view value, const state::StickyCookie& cookie, std::int64_t now = 0x1000) {
  return lb::readSticky({{"Host", "a"}, {"cookie", value}}, cookie, now);
}

std::string setCookie(std::string_view value, const state::StickyCookie& cookie) {
  bool touched = false;
  const auto out = lb::setCookieForClient(value, cookie, "id", touched);
  return (touched ? "! " : "") + out;
}

}  // namespace

TEST_CASE("what a request's cookie asks for") {
  CHECK(lb::readSticky({{"Host", "a"}}, kInsert, 0).flag == 'N');
  CHECK(read("a=b; SIDE=x; sid=y", kInsert).flag == 'N');
  CHECK(read("SID=", kInsert).flag == 'N');
  for (const char* value : {"SID=id", "a=b; SID=id", "a=b;SID=id;c=d", " SID = id ;x"}) {
    CAPTURE(value);
    CHECK(read(value, kInsert).flag == 'V');
    CHECK(read(value, kInsert).id == "id");
    CHECK(read(value, kRewrite).id == "id");
  }
  CHECK(read("SID=id~x~y", kPrefix).id == "id");
  CHECK(read("SID=x", kPrefix).flag == 'I');
}

TEST_CASE("an inserted cookie with a timeout is good for so long after its last use") {
  CHECK(lb::insertedCookie(kInsert, "id", 0x1000) == "SID=id; Path=/; HttpOnly");
  CHECK(lb::insertedCookie(kTimed, "id", 0x1000) == "SID=id.1000; Max-Age=800; Path=/; HttpOnly");
  CHECK(read("SID=id.1000", kTimed, 0x1000).id == "id");
  CHECK_FALSE(read("SID=id.1000", kTimed, 0x1000 + 99).refresh);
  CHECK(read("SID=id.1000", kTimed, 0x1000 + 100).refresh);
  CHECK(read("SID=id.1000", kTimed, 0x1000 + 800).flag == 'V');
  CHECK(read("SID=id.1000", kTimed, 0x1000 + 801).flag == 'E');
  CHECK(read("SID=id.1000", kTimed, 0x1000 + 801).id == "");
  for (const char* bad : {"SID=id", "SID=id.", "SID=id.xyz", "SID=id.7fffffffffffffff", "SID=id.ffffffffffffffffff"}) {
    CAPTURE(bad);
    CHECK(read(bad, kTimed).flag == 'E');
  }
}

TEST_CASE("backends see their own cookies only") {
  CHECK(lb::cookieForBackend("SID=id", kInsert) == "");
  CHECK(lb::cookieForBackend("a=b; SID=id; c=\"d\"", kInsert) == "a=b; c=\"d\"");
  CHECK(lb::cookieForBackend("a; b=; SID=x; c", kInsert) == "a; b=; c");
  CHECK(lb::cookieForBackend("a=b; SID=id~x=y~z", kPrefix) == "a=b; SID=x=y~z");
  CHECK(lb::cookieForBackend("SID=x", kPrefix) == "SID=x");
}

TEST_CASE("a backend's cookie on its way to the client") {
  CHECK(setCookie("SID=x; Path=/", kPrefix) == "! SID=id~x; Path=/");
  CHECK(setCookie("SID=x; Path=/; Secure", kRewrite) == "! SID=id; Path=/; Secure");
  CHECK(setCookie("SID=", kRewrite) == "! SID=id");
  CHECK(setCookie("SID=x", kInsert) == "SID=x");
  CHECK(setCookie("other=SID; SID=x", kRewrite) == "other=SID; SID=x");
}
