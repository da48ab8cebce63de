#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "check/job_json.h"
#include "check/json_object.h"

namespace vpclab::check {

using nlohmann::json;

namespace {

constexpr std::uint64_t kAnyCount = UINT32_MAX;
constexpr std::array<std::pair<PingResult, const char*>, 4> kResultNames{{{PingResult::kAnswered, "answered"},
                                                                          {PingResult::kUnreachable, "unreachable"},
                                                                          {PingResult::kTimeout, "timeout"},
                                                                          {PingResult::kError, "error"}}};

// JSON strings hold Unicode only, and a page may hold any bytes: each byte travels as the code point of its number.
std::string widened(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0U | (byte >> 6U));
      out += static_cast<char>(0x80U | (byte & 0x3FU));
    }
  }
  return out;
}

std::optional<std::string> narrowed(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      out += text[i];
    } else if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
      out += static_cast<char>(((lead & 3U) << 6U) | (static_cast<unsigned char>(text[++i]) & 0x3FU));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

json toJson(const PingReply& reply) {
  const char* last = "";
  for (const auto& [value, name] : kResultNames) {
    if (value == reply.last) {
      last = name;
    }
  }
  return {{"sent", reply.sent},
          {"answered", reply.answered},
          {"unreachable", reply.unreachable},
          {"last", last},
          {"detail", reply.detail},
          {"rtt", reply.rttMs},
          {"rttMin", reply.rttMinMs},
          {"rttAvg", reply.rttAvgMs},
          {"rttMax", reply.rttMaxMs}};
}

json toJson(const PathReply& reply) {
  json hops = json::array();
  for (const Hop& hop : reply.hops) {
    hops.push_back({{"address", hop.address ? json(hop.address->toString()) : json(nullptr)},
                    {"rtt", hop.rttMs},
                    {"target", hop.target}});
  }
  return {{"hops", std::move(hops)}, {"reached", reply.reached}, {"detail", reply.detail}};
}

json toJson(const HttpReplies& reply) {
  json answers = json::array();
  for (const HttpReply& answer : reply.answers) {
    answers.push_back({{"connected", answer.connected},
                       {"status", answer.status},
                       {"error", answer.error},
                       {"body", answer.body ? json(*answer.body) : json(nullptr)},
                       {"ms", answer.ms}});
  }
  json bodies = json::array();
  for (const std::string& body : reply.bodies) {
    bodies.push_back(widened(body));
  }
  return {{"answers", std::move(answers)}, {"bodies", std::move(bodies)}};
}

json toJson(const StreamReply& reply) {
  return {{"bytes", reply.bytes}, {"ms", reply.ms}, {"detail", reply.detail}};
}

json toJson(const CountReply& reply) {
  return {{"sentThere", reply.there.sent},
          {"receivedThere", reply.there.received},
          {"sentBack", reply.back.sent},
          {"receivedBack", reply.back.received},
          {"detail", reply.detail}};
}

// A letter per target: there may be thousands.
constexpr std::array<std::pair<PingResult, char>, 4> kResultLetters{{{PingResult::kAnswered, 'a'},
                                                                     {PingResult::kUnreachable, 'u'},
                                                                     {PingResult::kTimeout, 't'},
                                                                     {PingResult::kError, 'e'}}};

json toJson(const SweepReply& reply) {
  std::string letters;
  for (const PingResult result : reply.results) {
    for (const auto& [value, letter] : kResultLetters) {
      if (value == result) {
        letters += letter;
      }
    }
  }
  return {{"results", std::move(letters)}, {"texts", reply.texts}, {"details", reply.details}};
}

SweepReply readSweep(JsonObject& in) {
  SweepReply reply;
  std::size_t silent = 0;
  for (const char seen : in.text("results", kMaxSweepTargets)) {
    const auto* known = std::find_if(kResultLetters.begin(), kResultLetters.end(),
                                     [seen](const auto& entry) { return entry.second == seen; });
    if (known == kResultLetters.end()) {
      in.refuse("has an unknown result");
      break;
    }
    reply.results.push_back(known->first);
    silent += known->first == PingResult::kAnswered ? 0 : 1;
  }
  for (const json& detail : in.array("details", kMaxSweepTexts)) {
    if (!detail.is_string() || detail.get_ref<const std::string&>().size() > kMaxDetailBytes) {
      in.refuse("has a detail that cannot be");
      break;
    }
    reply.details.push_back(detail.get<std::string>());
  }
  for (const json& text : in.array("texts", kMaxSweepTargets)) {
    if (!text.is_number_unsigned() || text.get<std::uint64_t>() >= reply.details.size()) {
      in.refuse("has a text that is not there");
      break;
    }
    reply.texts.push_back(text.get<std::size_t>());
  }
  if (reply.texts.size() != silent) {
    in.refuse("needs a text for each target that has not answered");
  }
  return reply;
}

StreamReply readStream(JsonObject& in) {
  StreamReply reply;
  reply.bytes = in.number("bytes", 0, kMaxStreamBytes * 2);
  reply.ms = in.milliseconds("ms");
  reply.detail = in.text("detail", kMaxDetailBytes);
  return reply;
}

CountReply readCount(JsonObject& in) {
  const auto read = [&in](const char* key) { return static_cast<std::uint32_t>(in.number(key, 0, kMaxDatagrams)); };
  CountReply reply;
  reply.there = {read("sentThere"), read("receivedThere")};
  reply.back = {read("sentBack"), read("receivedBack")};
  reply.detail = in.text("detail", kMaxDetailBytes);
  return reply;
}

PingReply readPing(JsonObject& in) {
  PingReply reply;
  reply.sent = static_cast<std::uint32_t>(in.number("sent", 0, kAnyCount));
  reply.answered = static_cast<std::uint32_t>(in.number("answered", 0, reply.sent));
  reply.unreachable = static_cast<std::uint32_t>(in.number("unreachable", 0, reply.sent));
  const std::string last = in.text("last", 16);
  bool known = false;
  for (const auto& [value, name] : kResultNames) {
    if (last == name) {
      reply.last = value;
      known = true;
    }
  }
  if (!known) {
    in.refuse("has an unknown result");
  }
  reply.detail = in.text("detail", kMaxDetailBytes);
  reply.rttMs = in.milliseconds("rtt");
  reply.rttMinMs = in.milliseconds("rttMin");
  reply.rttAvgMs = in.milliseconds("rttAvg");
  reply.rttMaxMs = in.milliseconds("rttMax");
  return reply;
}

PathReply readPath(JsonObject& in) {
  PathReply reply;
  for (const json& entry : in.array("hops", kMaxHops)) {
    JsonObject hop(entry, "the hop");
    Hop out;
    out.rttMs = hop.milliseconds("rtt");
    out.target = hop.boolean("target");
    if (entry.is_object() && hop.optional("address") != nullptr) {
      out.address = hop.address("address");
    }
    if (auto whole = hop.finish(); !whole) {
      in.refuse(whole.error().text());
      break;
    }
    reply.hops.push_back(out);
  }
  reply.reached = in.boolean("reached");
  reply.detail = in.text("detail", kMaxDetailBytes);
  return reply;
}

HttpReplies readHttp(JsonObject& in) {
  HttpReplies reply;
  std::size_t bytes = 0;
  for (const json& entry : in.array("bodies", kMaxRequests)) {
    auto body = entry.is_string() ? narrowed(entry.get_ref<const std::string&>()) : std::nullopt;
    bytes += body ? body->size() : 0;
    if (!body || body->size() > kMaxBodyBytes || bytes > kMaxBodiesBytes) {
      in.refuse("has a body that cannot be");
      break;
    }
    reply.bodies.push_back(std::move(*body));
  }
  for (const json& entry : in.array("answers", kMaxRequests)) {
    JsonObject answer(entry, "the answer");
    HttpReply out;
    out.connected = answer.boolean("connected");
    out.status = static_cast<int>(answer.number("status", 0, 999));
    out.error = answer.text("error", kMaxDetailBytes);
    out.ms = answer.milliseconds("ms");
    if (answer.optional("body") != nullptr) {
      out.body = answer.number("body", 0, kMaxRequests);
      if (*out.body >= reply.bodies.size()) {
        answer.refuse("has a body that is not there");
      }
    }
    if (auto whole = answer.finish(); !whole) {
      in.refuse(whole.error().text());
      break;
    }
    reply.answers.push_back(std::move(out));
  }
  return reply;
}

}  // namespace

std::string encodeReply(const NumberedReply& numbered) {
  json out{{"number", numbered.number}};
  if (const auto* ping = std::get_if<PingReply>(&numbered.reply)) {
    out["ping"] = toJson(*ping);
  } else if (const auto* path = std::get_if<PathReply>(&numbered.reply)) {
    out["path"] = toJson(*path);
  } else if (const auto* answers = std::get_if<HttpReplies>(&numbered.reply)) {
    out["http"] = toJson(*answers);
  } else if (const auto* stream = std::get_if<StreamReply>(&numbered.reply)) {
    out["stream"] = toJson(*stream);
  } else if (const auto* count = std::get_if<CountReply>(&numbered.reply)) {
    out["count"] = toJson(*count);
  } else if (const auto* sweep = std::get_if<SweepReply>(&numbered.reply)) {
    out["sweep"] = toJson(*sweep);
  } else {
    out["failure"] = std::get<JobFailure>(numbered.reply).why;
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

base::Result<NumberedReply> decodeReply(std::string_view body) {
  const json document = json::parse(body, nullptr, false);
  if (document.is_discarded()) {
    return base::fail(base::ErrorKind::kProtocol, "the reply is no JSON");
  }
  JsonObject outer(document, "the reply");
  NumberedReply out;
  out.number = outer.number("number", 0, UINT64_MAX);
  base::Result<> inner;
  unsigned kinds = 0;
  if (const json* ping = outer.optional("ping")) {
    JsonObject in(*ping, "the ping reply");
    out.reply = readPing(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* path = outer.optional("path")) {
    JsonObject in(*path, "the path reply");
    out.reply = readPath(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* answers = outer.optional("http")) {
    JsonObject in(*answers, "the HTTP reply");
    out.reply = readHttp(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* stream = outer.optional("stream")) {
    JsonObject in(*stream, "the stream reply");
    out.reply = readStream(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* count = outer.optional("count")) {
    JsonObject in(*count, "the count reply");
    out.reply = readCount(in);
    inner = in.finish();
    ++kinds;
  }
  if (const json* sweep = outer.optional("sweep")) {
    JsonObject in(*sweep, "the sweep reply");
    out.reply = readSweep(in);
    inner = in.finish();
    ++kinds;
  }
  if (outer.optional("failure") != nullptr) {
    out.reply = JobFailure{outer.text("failure", kMaxDetailBytes)};
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

}  // namespace vpclab::check
