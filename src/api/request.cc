#include "api/request.h"

#include <array>
#include <tuple>

#include <nlohmann/json.hpp>

#include "api/json_reader.h"
#include "base/json_shape.h"
#include "base/overloaded.h"

namespace vpclab::api {

using nlohmann::json;

namespace {

// A value takes up to a hundred bytes, and may have been three of the text. A kept plan is part of a request: one that
// is as long as it may be, of 100,000 steps or more, has some three million.
constexpr std::size_t kMaxValues = 4'000'000;

constexpr std::array<std::pair<LabVerb, const char*>, 3> kLabVerbs{{
    {LabVerb::kDrift, "drift"},
    {LabVerb::kHeal, "heal"},
    {LabVerb::kInspect, "inspect"},
}};

// The members that may be missing, with what they may be at most.
constexpr std::array<std::tuple<const char*, std::optional<std::int64_t> LinkRequest::*, std::int64_t>, 4> kLinkValues{{
    {"rate", &LinkRequest::rate, 100'000'000'000},
    {"delay", &LinkRequest::delay, 60'000'000},
    {"jitter", &LinkRequest::jitter, 60'000'000},
    {"loss", &LinkRequest::loss, 1'000'000},
}};

json linkToJson(const LinkRequest& request) {
  json out{{"lab", request.lab}, {"link", request.link}};
  if (request.up) {
    out["up"] = *request.up;
  }
  for (const auto& [name, member, max] : kLinkValues) {
    if (request.*member) {
      out[name] = *(request.*member);
    }
  }
  return out;
}

void takeLink(JsonReader& reader, LinkRequest& request) {
  if (reader.optionalMember("up") != nullptr) {
    bool up = false;
    reader.take("up", up);
    request.up = up;
  }
  for (const auto& [name, member, max] : kLinkValues) {
    if (reader.optionalMember(name) != nullptr) {
      std::int64_t value = 0;
      reader.take(name, value, 0, max);
      request.*member = value;
    }
  }
}

std::string verbOf(const Request& request) {
  return std::visit(
      base::Overloaded{
          [](const ApplyRequest&) -> std::string { return "apply"; },
          [](const PlanRequest&) -> std::string { return "plan"; },
          [](const LabRequest& r) -> std::string { return kLabVerbs.at(static_cast<std::size_t>(r.verb)).second; },
          [](const CheckRequest&) -> std::string { return "check"; },
          [](const DownRequest&) -> std::string { return "down"; },
          [](const NodeRequest&) -> std::string { return "node"; },
          [](const ExecRequest&) -> std::string { return "exec"; },
          [](const ForwardRequest&) -> std::string { return "forward"; },
          [](const LinkRequest&) -> std::string { return "link"; },
          [](const LogsRequest&) -> std::string { return "logs"; },
          [](const EventsRequest&) -> std::string { return "events"; },
          [](const MetricsRequest&) -> std::string { return "metrics"; },
          [](const DoctorRequest&) -> std::string { return "doctor"; },
          [](const StatusRequest&) -> std::string { return "status"; },
      },
      request);
}

base::Result<Bundle> takeBundle(JsonReader& reader) {
  const json* value = reader.member("bundle");
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  return bundleFromJson(*value);
}

template <class T>
base::Result<Request> finished(JsonReader& reader, T request) {
  if (auto done = reader.finish(); !done) {
    return base::fail(std::move(done.error()));
  }
  return Request(std::move(request));
}

}  // namespace

std::string targetOf(const Request& request) {
  return kApiPrefix + verbOf(request);
}

std::string encodeRequest(const Request& request) {
  return dumpJson(std::visit(
      base::Overloaded{
          [](const ApplyRequest& r) {
            json out{{"bundle", bundleToJson(r.bundle)},
                     {"checks", r.checks},
                     {"colours", r.colours},
                     {"details", r.details},
                     {"steps", r.steps},
                     {"rollback", r.rollback}};
            if (!r.expected.empty()) {
              out["expected"] = json::parse(r.expected, nullptr, false);
            }
            return out;
          },
          [](const PlanRequest& r) {
            return json{
                {"bundle", bundleToJson(r.bundle)}, {"shell", r.shell}, {"save", r.save}, {"details", r.details}};
          },
          [](const LabRequest& r) {
            return json{{"lab", r.lab}, {"colours", r.colours}};
          },
          [](const CheckRequest& r) {
            return json{{"lab", r.lab}, {"colours", r.colours}, {"matrix", r.matrix}, {"junit", r.junit}};
          },
          [](const DownRequest& r) {
            return json{{"lab", r.lab}, {"all", r.all}};
          },
          [](const NodeRequest& r) {
            return json{{"lab", r.lab}, {"node", r.node}};
          },
          [](const ExecRequest& r) {
            return json{{"lab", r.lab}, {"node", r.node}};
          },
          [](const ForwardRequest& r) {
            return json{{"lab", r.lab}};
          },
          [](const LinkRequest& r) { return linkToJson(r); },
          [](const LogsRequest& r) {
            return json{{"lab", r.lab}, {"node", r.node}, {"follow", r.follow}};
          },
          [](const EventsRequest& r) {
            return json{{"lab", r.lab}};
          },
          [](const MetricsRequest&) { return json::object(); },
          [](const DoctorRequest&) { return json::object(); },
          [](const StatusRequest&) { return json::object(); },
      },
      request));
}

base::Result<Request> decodeRequest(const std::string& target, const std::string& body) {
  const std::string prefix = kApiPrefix;
  const auto unknown = [&] {
    return base::fail(base::ErrorKind::kNotFound,
                      "no such request: " + target.substr(0, 128) + "; this daemon speaks version 1 of the API");
  };
  if (!target.starts_with(prefix)) {
    return unknown();
  }
  const std::string verb = target.substr(prefix.size());
  if (base::jsonShape(body).values > kMaxValues) {
    return base::fail(base::ErrorKind::kInvalid,
                      "request `" + verb.substr(0, 32) + "`: more than " + std::to_string(kMaxValues) + " values");
  }
  auto value = parseJson(body, "request `" + verb.substr(0, 32) + "`");
  if (!value) {
    return base::fail(std::move(value.error()));
  }
  JsonReader reader(*value, "request `" + verb.substr(0, 32) + "`");
  for (const auto& [labVerb, name] : kLabVerbs) {
    if (verb == name) {
      LabRequest request{labVerb, {}, false};
      reader.take("lab", request.lab).take("colours", request.colours);
      return finished(reader, std::move(request));
    }
  }
  if (verb == "apply" || verb == "plan") {
    ApplyRequest apply;
    PlanRequest plan;
    if (verb == "apply") {
      reader.take("checks", apply.checks).take("colours", apply.colours).take("details", apply.details);
      reader.take("steps", apply.steps).take("rollback", apply.rollback);
      if (const json* expected = reader.optionalMember("expected")) {
        apply.expected = dumpJson(*expected);
      }
    } else {
      reader.take("shell", plan.shell).take("save", plan.save).take("details", plan.details);
    }
    auto bundle = takeBundle(reader);
    if (!bundle) {
      return base::fail(std::move(bundle.error()));
    }
    (verb == "apply" ? apply.bundle : plan.bundle) = std::move(*bundle);
    return verb == "apply" ? Request(std::move(apply)) : Request(std::move(plan));
  }
  if (verb == "check") {
    CheckRequest request;
    reader.take("lab", request.lab).take("colours", request.colours);
    reader.take("matrix", request.matrix).take("junit", request.junit);
    return finished(reader, std::move(request));
  }
  if (verb == "down") {
    DownRequest request;
    reader.take("lab", request.lab).take("all", request.all);
    return finished(reader, std::move(request));
  }
  if (verb == "node") {
    NodeRequest request;
    reader.take("lab", request.lab).take("node", request.node);
    return finished(reader, std::move(request));
  }
  if (verb == "exec") {
    ExecRequest request;
    reader.take("lab", request.lab).take("node", request.node);
    return finished(reader, std::move(request));
  }
  if (verb == "forward") {
    ForwardRequest request;
    reader.take("lab", request.lab);
    return finished(reader, std::move(request));
  }
  if (verb == "link") {
    LinkRequest request;
    reader.take("lab", request.lab).take("link", request.link);
    takeLink(reader, request);
    return finished(reader, std::move(request));
  }
  if (verb == "logs") {
    LogsRequest request;
    reader.take("lab", request.lab).take("node", request.node).take("follow", request.follow);
    return finished(reader, std::move(request));
  }
  if (verb == "events") {
    EventsRequest request;
    reader.take("lab", request.lab);
    return finished(reader, std::move(request));
  }
  if (verb == "metrics") {
    return finished(reader, MetricsRequest{});
  }
  if (verb == "doctor") {
    return finished(reader, DoctorRequest{});
  }
  if (verb == "status") {
    return finished(reader, StatusRequest{});
  }
  return unknown();
}

}  // namespace vpclab::api
