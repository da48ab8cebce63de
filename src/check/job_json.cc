#include "check/job_json.h"

#include <nlohmann/json.hpp>

#include "check/json_object.h"
#include "http/chars.h"
#include "http/target.h"

namespace vpclab::check {

using nlohmann::json;

namespace {

constexpr std::uint64_t kAnyNumber = UINT64_MAX;

json toJson(const PingJob& job) {
  return {{"socket", job.socket},
          {"target", job.target.toString()},
          {"count", job.count},
          {"untilAnswered", job.untilAnswered},
          {"endOnUnreachable", job.endOnUnreachable},
          {"interval", job.interval.count()},
          {"timeout", job.timeout.count()},
          {"deadline", job.deadline.count()}};
}

json toJson(const PathJob& job) {
  return {{"socket", job.socket},
          {"target", job.target.toString()},
          {"maxHops", job.maxHops},
          {"timeout", job.timeout.count()}};
}

json toJson(const HttpJob& job) {
  return {{"sockets", job.sockets},
          {"address", job.address.toString()},
          {"port", job.port},
          {"hostHeader", job.hostHeader},
          {"target", job.target},
          {"times", job.times},
          {"connectOnly", job.connectOnly},
          {"keepAlive", job.keepAlive},
          {"parallel", job.parallel},
          {"requestIdPrefix", job.requestIdPrefix},
          {"timeout", job.timeout.count()},
          {"deadline", job.deadline.count()}};
}

json toJson(const StreamJob& job) {
  return {{"client", job.client}, {"server", job.server},     {"target", job.target.toString()},
          {"back", job.back},     {"time", job.time.count()}, {"deadline", job.deadline.count()}};
}

json toJson(const CountJob& job) {
  return {{"client", job.client},
          {"server", job.server},
          {"target", job.target.toString()},
          {"packets", job.packets},
          {"deadline", job.deadline.count()}};
}

json toJson(const SweepJob& job) {
  json targets = json::array();
  for (const net::IpAddr target : job.targets) {
    targets.push_back(target.toString());
  }
  return {{"socket", job.socket}, {"targets", std::move(targets)},  {"window", job.window},
          {"tries", job.tries},   {"timeout", job.timeout.count()}, {"deadline", job.deadline.count()}};
}

SweepJob readSweep(JsonObject& in) {
  SweepJob job;
  job.socket = in.number("socket", 0, kMaxSocketsPerRequest - 1);
  for (const json& target : in.array("targets", kMaxSweepTargets)) {
    const auto address = target.is_string() ? net::IpAddr::parse(target.get_ref<const std::string&>()) : std::nullopt;
    if (!address || !address->isV4()) {
      in.refuse("has a target that is no IPv4 address");
      break;
    }
    job.targets.push_back(*address);
  }
  job.window = static_cast<std::uint32_t>(in.number("window", 1, kMaxSweepWindow));
  job.tries = static_cast<std::uint32_t>(in.number("tries", 1, kMaxSweepTries));
  job.timeout = in.span("timeout");
  job.deadline = in.span("deadline");
  return job;
}

StreamJob readStream(JsonObject& in) {
  StreamJob job;
  job.client = in.number("client", 0, kMaxSocketsPerRequest - 1);
  job.server = in.number("server", 0, kMaxSocketsPerRequest - 1);
  job.target = in.address("target");
  job.back = in.boolean("back");
  job.time = in.span("time");
  job.deadline = in.span("deadline");
  return job;
}

CountJob readCount(JsonObject& in) {
  CountJob job;
  job.client = in.number("client", 0, kMaxSocketsPerRequest - 1);
  job.server = in.number("server", 0, kMaxSocketsPerRequest - 1);
  job.target = in.address("target");
  job.packets = static_cast<std::uint32_t>(in.number("packets", 1, kMaxDatagrams));
  job.deadline = in.span("deadline");
  return job;
}

PingJob readPing(JsonObject& in) {
  PingJob job;
  job.socket = in.number("socket", 0, kMaxSocketsPerRequest - 1);
  job.target = in.address("target");
  job.count = static_cast<std::uint32_t>(in.number("count", 1, kMaxPings));
  job.untilAnswered = in.boolean("untilAnswered");
  job.endOnUnreachable = in.boolean("endOnUnreachable");
  job.interval = in.span("interval");
  job.timeout = in.span("timeout");
  job.deadline = in.span("deadline");
  return job;
}

PathJob readPath(JsonObject& in) {
  PathJob job;
  job.socket = in.number("socket", 0, kMaxSocketsPerRequest - 1);
  job.target = in.address("target");
  job.maxHops = static_cast<std::uint32_t>(in.number("maxHops", 1, kMaxHops));
  job.timeout = in.span("timeout");
  return job;
}

HttpJob readHttp(JsonObject& in) {
  HttpJob job;
  for (const json& socket : in.array("sockets", kMaxRequests)) {
    if (!socket.is_number_unsigned() || socket.get<std::uint64_t>() >= kMaxSocketsPerRequest) {
      in.refuse("names a socket that cannot be");
      break;
    }
    job.sockets.push_back(socket.get<std::size_t>());
  }
  job.address = in.address("address");
  job.port = static_cast<std::uint16_t>(in.number("port", 1, UINT16_MAX));
  job.hostHeader = in.text("hostHeader", 512);
  job.target = in.text("target", 8192);
  job.times = static_cast<std::uint32_t>(in.number("times", 1, kMaxRequests));
  job.connectOnly = in.boolean("connectOnly");
  job.keepAlive = in.boolean("keepAlive");
  job.parallel = in.boolean("parallel");
  job.requestIdPrefix = in.text("requestIdPrefix", 128);
  job.timeout = in.span("timeout");
  job.deadline = in.span("deadline");
  // What goes into the request as it is must not be able to add to it.
  if (!http::isAuthority(job.hostHeader)) {
    in.refuse("hostHeader is no host");
  }
  const auto target = http::parseTarget("GET", job.target);
  if (!target || target->form != http::TargetForm::kOrigin) {
    in.refuse("target is no path");
  }
  if (!http::allOf(job.requestIdPrefix, http::kToken)) {
    in.refuse("requestIdPrefix is no token");
  }
  if (job.keepAlive && (job.parallel || job.connectOnly)) {
    in.refuse("asks for two kinds of connections");
  }
  if (job.sockets.size() != (job.keepAlive ? 1 : job.times)) {
    in.refuse("needs one socket per connection");
  }
  return job;
}

base::Result<NumberedJob> readJob(const json& document) {
  JsonObject outer(document, "the job");
  NumberedJob out;
  out.number = outer.number("number", 0, kAnyNumber);
  base::Result<> inner;
  unsigned kinds = 0;
  if (const json* ping = outer.optional("ping")) {
    JsonObject in(*ping, "the ping job");
    out.job = readPing(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* path = outer.optional("path")) {
    JsonObject in(*path, "the path job");
    out.job = readPath(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* get = outer.optional("http")) {
    JsonObject in(*get, "the HTTP job");
    out.job = readHttp(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* stream = outer.optional("stream")) {
    JsonObject in(*stream, "the stream job");
    out.job = readStream(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* count = outer.optional("count")) {
    JsonObject in(*count, "the count job");
    out.job = readCount(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* sweep = outer.optional("sweep")) {
    JsonObject in(*sweep, "the sweep job");
    out.job = readSweep(in);
    inner = in.finish();
    ++kinds;
  }
  if (kinds != 1) {
    outer.refuse("is not of exactly one kind");
  }
  if (auto whole = outer.finish(); !whole) {
    return tl::make_unexpected(whole.error());
  }
  if (!inner) {
    return tl::make_unexpected(inner.error());
  }
  return out;
}

}  // namespace

std::string encodeRequest(const std::vector<NumberedJob>& jobs) {
  json list = json::array();
  for (const NumberedJob& numbered : jobs) {
    json entry{{"number", numbered.number}};
    if (const auto* ping = std::get_if<PingJob>(&numbered.job)) {
      entry["ping"] = toJson(*ping);
    } else if (const auto* path = std::get_if<PathJob>(&numbered.job)) {
      entry["path"] = toJson(*path);
    } else if (const auto* stream = std::get_if<StreamJob>(&numbered.job)) {
      entry["stream"] = toJson(*stream);
    } else if (const auto* count = std::get_if<CountJob>(&numbered.job)) {
      entry["count"] = toJson(*count);
    } else if (const auto* sweep = std::get_if<SweepJob>(&numbered.job)) {
      entry["sweep"] = toJson(*sweep);
    } else {
      entry["http"] = toJson(std::get<HttpJob>(numbered.job));
    }
    list.push_back(std::move(entry));
  }
  return json{{"jobs", std::move(list)}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

base::Result<std::vector<NumberedJob>> decodeRequest(std::string_view body) {
  const json document = json::parse(body, nullptr, false);
  if (document.is_discarded()) {
    return base::fail(base::ErrorKind::kProtocol, "the request is no JSON");
  }
  JsonObject in(document, "the request");
  std::vector<NumberedJob> out;
  for (const json& entry : in.array("jobs", kMaxJobsPerRequest)) {
    auto job = readJob(entry);
    if (!job) {
      return tl::make_unexpected(std::move(job.error()));
    }
    out.push_back(std::move(*job));
  }
  if (auto whole = in.finish(); !whole) {
    return tl::make_unexpected(whole.error());
  }
  return out;
}

}  // namespace vpclab::check
