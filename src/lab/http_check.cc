#include <array>

#include "base/text.h"
#include "lab/check.h"
#include "lab/nouns.h"
#include "lab/scalars.h"

namespace vpclab::lab {
namespace {

// http://ADDRESS[:PORT]/...: what is wrong with it, or nothing.
std::string wrongWithUrl(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    return "it begins with http://";
  }
  for (const char c : url) {
    if (c <= ' ' || c >= 0x7F) {
      return "no spaces, no characters outside of ASCII";
    }
    if (c == '"' || c == '<' || c == '>') {  // RFC 3986 appendix C: they are around a URL, never in it
      return "no quotes and no angle brackets: %22, %3C and %3E stand for them";
    }
  }
  const auto authority = std::string_view(url).substr(kScheme.size());
  const auto host = authority.substr(0, authority.find_first_of("/?#"));
  const auto colon = host.find(':');
  if (url.find('#') != std::string::npos) {
    return "a fragment (#...) is never sent";
  }
  if (host.size() < authority.size() && authority[host.size()] != '/') {
    return "a path begins with /";
  }
  if (colon != std::string_view::npos && !base::parseInteger(host.substr(colon + 1), 1, 65535)) {
    return "a port is a number from 1 to 65535";
  }
  const auto address = net::IpAddr::parse(host.substr(0, colon));
  if (!address || !address->isV4()) {
    return "the host is an IPv4 address: a lab has no DNS";
  }
  return "";
}

// The server whose page is expected; empty after telling why.
std::string parsePageServer(Context& context, const Value& value) {
  constexpr Field kServer{"", Type::kReference};
  if (!checkType(value, kServer, "a server", context.report)) {
    return "";
  }
  const auto* named = context.names.resolve(value, {Kind::kServer}, context.report);
  if (named == nullptr) {
    return "";
  }
  const Server& server = context.lab.servers.at(named->id);
  if (!server.http) {
    context.report.error(value.pos, "server " + called(server) + " has no page", "give it `http: {}`");
    return "";
  }
  return named->id;
}

void parseShare(Context& context, HttpCheck& check, const Object& expect) {
  std::uint64_t total = 0;
  for (const Entry& entry : expect.map("share")) {
    constexpr Field kCount{"", Type::kInteger, false, 0, kMaxHttpTimes};
    Value name;
    name.kind = Value::Kind::kScalar;
    name.pos = entry.pos;
    name.text = entry.key;
    const std::string id = parsePageServer(context, name);
    if (!checkType(*entry.value, kCount, quote(entry.key), context.report) || id.empty()) {
      return;
    }
    const auto count = base::parseInteger(entry.value->text, 0, kMaxHttpTimes).value_or(0);
    if (!check.share.emplace(id, static_cast<std::uint32_t>(count)).second) {
      context.report.error(entry.pos, "server " + quote(id) + " is there twice, by id and by title");
      return;
    }
    total += static_cast<std::uint64_t>(count);
  }
  if (expect.has("share") && total != check.times) {
    context.report.error(expect.pos("share"), "the shares add up to " + std::to_string(total) + ", but `times` is " +
                                                  std::to_string(check.times));
  }
}

void parseRotation(Context& context, HttpCheck& check, const Object& expect) {
  for (const ValuePtr& item : expect.list("rotation")) {
    check.rotation.push_back(parsePageServer(context, *item));
  }
  if (!expect.has("rotation")) {
    return;
  }
  if (check.rotation.empty()) {
    context.report.error(expect.pos("rotation"), "`rotation` is empty");
  } else if (check.rotation.size() > check.times) {
    context.report.error(expect.pos("rotation"),
                         "`times: " + std::to_string(check.times) + "` cannot show a rotation of " +
                             std::to_string(check.rotation.size()) + " servers",
                         "at least one round, better several");
  }
  if (check.connections == Connections::kParallel) {
    context.report.error(expect.keyPos("rotation"), "`rotation` has no meaning for requests in parallel",
                         "`share` tells how many each server gets");
  }
}

void parseExpect(Context& context, HttpCheck& check, const Value& value) {
  if (value.isScalar()) {
    constexpr std::array<std::string_view, 2> kWords{"reachable", "unreachable"};
    const Field field{"expect", Type::kChoice, false, 0, 0, kWords};
    if (checkType(value, field, "`expect`", context.report)) {
      check.reachable = value.text == "reachable";
    }
    return;
  }
  const Object expect(context, value, kHttpExpectShape);
  if (expect.has("status")) {
    check.status = static_cast<int>(expect.integer("status", 200));
  }
  if (const Value* page = expect.get("page")) {
    check.page = parsePageServer(context, *page);
  }
  parseRotation(context, check, expect);
  parseShare(context, check, expect);
  const int pages = (expect.has("page") ? 1 : 0) + (expect.has("rotation") ? 1 : 0) + (expect.has("share") ? 1 : 0);
  if (pages > 1) {
    context.report.error(value.pos, "`page`, `rotation` and `share` exclude each other", "one of them for each check");
  } else if (value.entries.empty()) {
    context.report.error(value.pos, "`expect` is empty", "status, page, rotation or share");
  }
}

}  // namespace

HttpCheck parseHttpCheck(Context& context, const Value& value) {
  const Object object(context, value, kHttpCheckShape);
  HttpCheck check;
  check.from = parseProber(object);
  check.url = object.text("url");
  check.times = static_cast<std::uint32_t>(object.integer("times", check.times));
  check.within = object.duration("within", check.within);
  const std::string connections = object.text("connections");
  check.connections = connections == "parallel"     ? Connections::kParallel
                      : connections == "keep-alive" ? Connections::kKeepAlive
                                                    : Connections::kNew;
  if (object.has("url")) {
    const std::string wrong = wrongWithUrl(check.url);
    if (!wrong.empty()) {
      context.report.error(object.pos("url"), quote(check.url) + " is no URL that can be asked for", wrong);
    }
  }
  if (const Value* expect = object.get("expect")) {
    parseExpect(context, check, *expect);
  }
  for (const std::string_view key : {"times", "connections"}) {
    if (!check.reachable && object.has(key)) {
      context.report.error(object.keyPos(key), "`" + std::string(key) + "` has no effect where nothing may be reached",
                           "remove it: a few connections are tried at once");
    }
  }
  return check;
}

}  // namespace vpclab::lab
