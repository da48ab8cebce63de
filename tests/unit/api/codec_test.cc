#include <doctest/doctest.h>

#include "api/event.h"
#include "api/request.h"

namespace vpclab::api {

TEST_CASE("every request survives the way to the daemon") {
  const Bundle bundle{"lab.yaml", {{"lab.yaml", "lab: x\n"}, {"pages/logo", std::string("\xff\x00\x80", 3)}}};
  const std::vector<Request> requests{
      ApplyRequest{bundle, true, false, true, false, false, ""},
      ApplyRequest{bundle, false, true, false, true, true, R"({"steps":[]})"},
      PlanRequest{bundle, true, false, true},
      PlanRequest{bundle, false, true},
      LabRequest{LabVerb::kDrift, "a", true},
      LabRequest{LabVerb::kHeal, "", false},
      LabRequest{LabVerb::kHeal, "b", false},
      CheckRequest{"b", true, false, true},
      CheckRequest{"", false, true, false},
      LabRequest{LabVerb::kInspect, "c", false},
      DownRequest{"a", false},
      DownRequest{"", true},
      NodeRequest{"a", "北京演示云服务器1"},
      ExecRequest{"", "a/bj-server1"},
      ForwardRequest{"a"},
      LogsRequest{"a", "lb", true},
      EventsRequest{""},
      EventsRequest{"a"},
      MetricsRequest{},
      DoctorRequest{},
      StatusRequest{},
  };
  for (const auto& request : requests) {
    const auto decoded = decodeRequest(targetOf(request), encodeRequest(request));
    CAPTURE(targetOf(request));
    REQUIRE(decoded.has_value());
    CHECK((*decoded == request));
  }
}

TEST_CASE("a request that is not exactly as it should be is refused, and says why") {
  struct Case {
    const char* target;
    const char* body;
    const char* why;
  };
  for (const auto& [target, text, why] : {
           Case{"/v2/apply", "{}", "no such request"},
           Case{"/v1/explode", "{}", "no such request"},
           Case{"/v1/down", "", "not JSON"},
           Case{"/v1/down", "[]", "an object is expected"},
           Case{"/v1/down", R"({"lab":"a"})", "`all`: missing"},
           Case{"/v1/down", R"({"lab":1,"all":true})", "`lab`: a string"},
           Case{"/v1/down", R"({"lab":"a","all":true,"force":true})", "unknown member `force`"},
           Case{"/v1/plan", R"({"bundle":{"path":"a"},"shell":false,"save":false,"details":false})",
                "`files`: missing"},
           Case{"/v1/plan",
                R"({"bundle":{"path":"a","files":{"a":"text"}},"shell":false,"save":false,"details":false})",
                "an object is expected"},
           Case{"/v1/plan", R"({"bundle":{"path":"","files":{}},"shell":false,"save":false,"details":false})",
                "`path`: it names no file"},
           Case{"/v1/plan", R"({"bundle":{"path":"a","files":{"a":{}}},"shell":false,"save":false,"details":false})",
                "either `text` or `base64`"},
           Case{"/v1/plan",
                R"({"bundle":{"path":"a","files":{"a":{"base64":"%"}}},"shell":false,"save":false,"details":false})",
                "not base64"},
       }) {
    const std::string body = text;
    CAPTURE(body);
    const auto decoded = decodeRequest(target, body);
    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().message().find(why) != std::string::npos);
  }
}

TEST_CASE("a request of more values than any has is refused before it is parsed") {
  std::string many = R"({"lab":[)";
  for (int i = 0; i < 2'000'001; ++i) {
    many += "[],";
  }
  const auto decoded = decodeRequest("/v1/down", many + "[]]}");
  REQUIRE_FALSE(decoded.has_value());
  CHECK(decoded.error().message().find("more than 4000000 values") != std::string::npos);
}

TEST_CASE("deep nesting is refused before it is parsed") {
  const std::string deep(100'000, '[');
  const auto decoded = decodeRequest("/v1/down", deep);
  REQUIRE_FALSE(decoded.has_value());
  CHECK(decoded.error().message().find("nested deeper") != std::string::npos);
}

TEST_CASE("every event survives the way to the client") {
  base::Diagnostic warning{base::Severity::kWarning, {"lab.yaml", 3, 5}, "no", "yes"};
  const std::vector<Event> events{
      Heading{"a", "第一"},
      PlanEvent{3, {"+ one", "3 changes"}},
      Progress{"apply", 1, 3},
      TextLine{"a \"quoted\" line\twith a tab"},
      Happening{"2026-11-25T08:31:07.123Z", "a", "change", "veth a/eth0", "create", "missing", "done", 0},
      Happening{"2026-11-25T08:31:07.123Z", "", "missed", "", "", "", "", 17},
      Items{"/plan/steps", R"([{"action":"create"},"第一"])"},
      Final{Exit::kCheckFailed, {"2 checks failed"}, {warning}, R"({"checks":[]})"},
  };
  for (const auto& event : events) {
    const std::string line = encodeEvent(event);
    CHECK(line.find('\n') == std::string::npos);
    const auto decoded = decodeEvent(line);
    CAPTURE(line);
    REQUIRE(decoded.has_value());
    CHECK((*decoded == event));
  }
}

TEST_CASE("an event of another form is refused") {
  for (const char* line : {"", "{}", R"({"event":"surprise"})", R"({"event":"text"})",
                           R"({"event":"text","text":"a","b":1})", R"({"event":"items","list":"/a","items":{}})",
                           R"({"event":"final","exit":9,"errors":[],"diagnostics":[],"data":{}})"}) {
    CAPTURE(line);
    CHECK_FALSE(decodeEvent(line).has_value());
  }
}

}  // namespace vpclab::api
