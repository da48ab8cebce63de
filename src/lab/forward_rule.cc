#include "lab/forward_rule.h"

#include <algorithm>
#include <set>

#include "lab/object.h"
#include "lab/token.h"

namespace vpclab::lab {
namespace {

constexpr std::size_t kMaxRules = 100;
constexpr std::string_view kDefaultPool = "default";

bool isUriText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
  });
}

std::string parseHost(Context& context, const Object& object) {
  std::string host = object.text("host");
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  const std::string_view name = host.starts_with("*.") ? std::string_view(host).substr(2) : std::string_view(host);
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
  if (object.has("host") && !good) {
    context.report.error(object.pos("host"), "`host`: " + quote(host) + " is not a host name",
                         "without port, as in www.example.com, or *.example.com for every name below it");
  }
  return host;
}

std::string parsePath(Context& context, const Object& object, std::string_view key) {
  std::string path = object.text(key);
  if (object.has(key) && (path.front() != '/' || !isUriText(path) || path.find_first_of("?#") != std::string::npos)) {
    context.report.error(object.pos(key), "`" + std::string(key) + "`: " + quote(path) + " is not a path",
                         "it begins with / and has no spaces and no query, as in /images");
  }
  return path;
}

void parseHeader(Context& context, ForwardRule& rule, const Value& value) {
  const Object object(context, value, kHeaderConditionShape);
  rule.headerName = object.text("name");
  rule.headerValue = object.text("value");
  if (object.has("name") && !isToken(rule.headerName)) {
    context.report.error(object.pos("name"), quote(rule.headerName) + " is not the name of a header",
                         "letters, digits and -, as in X-Version");
  }
}

void parseRedirect(Context& context, ForwardRule& rule, const Value& value) {
  const Object object(context, value, kRedirectShape);
  if (!value.isMap()) {
    return;
  }
  rule.redirect.status = static_cast<int>(object.integer("status", 302));
  if (object.has("location") && object.has("prefix")) {
    context.report.error(object.keyPos("prefix"), "a redirect with `location` and `prefix`", "one of them");
    return;
  }
  rule.redirect.isPrefix = object.has("prefix");
  const std::string_view key = rule.redirect.isPrefix ? "prefix" : "location";
  if (!object.has(key)) {
    context.report.error(
        object.pos(), "a redirect needs `location` or `prefix`",
        "as in {location: \"https://www.example.com/\"}; behind a prefix follow the request's own path "
        "and query");
    return;
  }
  std::string& to = rule.redirect.location;
  to = object.text(key);
  const bool absolute = to.starts_with("http://") || to.starts_with("https://");
  // "//" would be another host's.
  if (!isUriText(to) || !(absolute || (to.front() == '/' && !to.starts_with("//")))) {
    context.report.error(object.pos(key), "`" + std::string(key) + "`: " + quote(to) + " is not where to",
                         "it begins with http://, https:// or one /, and has no spaces");
  } else if (rule.redirect.isPrefix && (to.back() == '/' || to.find_first_of("?#") != std::string::npos)) {
    context.report.error(object.pos(key), "`prefix`: " + quote(to) + " cannot stand before a path",
                         "without / at its end, and without query");
  }
}

std::string parsePool(Context& context, const Listener& listener, const Object& object) {
  std::string pool = object.text("pool");
  if (!object.has("pool") || pool == kDefaultPool) {
    return "";
  }
  std::vector<std::string_view> known{kDefaultPool};
  for (const Pool& one : listener.pools) {
    if (one.id == pool) {
      return pool;
    }
    known.emplace_back(one.id);
  }
  const auto hint = context.report.suggest(pool, known);
  context.report.error(object.pos("pool"), "listener " + quote(listener.id) + " has no pool " + quote(pool),
                       hint.empty() ? "there is " + listed(known, "and") : hint);
  return "";
}

void checkTcp(Context& context, const Object& object) {
  for (const std::string_view key : {"host", "path", "path_prefix", "header", "redirect"}) {
    if (object.has(key)) {
      context.report.error(object.keyPos(key), "`" + std::string(key) + "` of a rule on a tcp listener",
                           "there is only `source` to go by, or use `protocol: http`");
    }
  }
}

void parseRule(Context& context, Listener& listener, const Value& item) {
  const Object object(context, item, kForwardRuleShape);
  if (!item.isMap()) {
    return;
  }
  ForwardRule rule;
  rule.pos = item.pos;
  rule.host = parseHost(context, object);
  rule.path = parsePath(context, object, "path");
  rule.pathPrefix = parsePath(context, object, "path_prefix");
  if (const Value* header = object.get("header")) {
    parseHeader(context, rule, *header);
  }
  rule.source = object.network("source");
  if (const Value* redirect = object.get("redirect")) {
    parseRedirect(context, rule, *redirect);
  }
  rule.pool = parsePool(context, listener, object);
  if (object.has("pool") == object.has("redirect")) {
    context.report.error(object.has("pool") ? object.keyPos("redirect") : item.pos,
                         object.has("pool") ? "a rule with `pool` and `redirect`" : "a rule needs `pool` or `redirect`",
                         object.has("pool") ? "one of them" : "where to send what it fits");
  }
  if (object.has("path") && object.has("path_prefix")) {
    context.report.error(object.keyPos("path_prefix"), "a rule with `path` and `path_prefix`", "one of them");
  }
  if (listener.protocol == Protocol::kTcp) {
    checkTcp(context, object);
  }
  listener.rules.push_back(std::move(rule));
}

// A condition that was refused is one all the same.
bool fitsAll(const Value& item) {
  return item.isMap() && std::all_of(item.entries.begin(), item.entries.end(),
                                     [](const Entry& entry) { return entry.key == "pool" || entry.key == "redirect"; });
}

}  // namespace

void parseForwardRules(Context& context, Listener& listener, const std::vector<ValuePtr>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && fitsAll(*items[i - 1])) {
      context.report.error(items[i]->pos, "a rule behind one that fits everything",
                           "the first rule that fits counts; the one at " + items[i - 1]->pos.toString() +
                               " has no condition, so it has to be the last");
    }
    parseRule(context, listener, *items[i]);
  }
  if (listener.rules.size() > kMaxRules) {
    context.report.error(items.front()->pos, "listener " + quote(listener.id) + " has too many rules",
                         "at most " + std::to_string(kMaxRules));
  }
  std::set<std::string> used;
  for (const ForwardRule& rule : listener.rules) {
    used.insert(rule.pool);
  }
  for (const Pool& pool : listener.pools) {
    if (used.count(pool.id) == 0) {
      context.report.warning(pool.pos, "pool " + quote(pool.id) + " gets no requests",
                             "add a rule with `pool: " + pool.id + "` to listener " + quote(listener.id));
    }
  }
}

}  // namespace vpclab::lab
