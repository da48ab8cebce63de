#include "state/process_json.h"

#include <array>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace vpclab::state {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using Json = nlohmann::json;

constexpr std::size_t kMaxItems = 100'000;  // in any one list

template <class Enum>
using Name = std::pair<Enum, std::string_view>;
template <class Enum, std::size_t N>
using Names = std::array<Name<Enum>, N>;

constexpr Names<ListenerProtocol, 2> kProtocols{{{ListenerProtocol::kHttp, "http"}, {ListenerProtocol::kTcp, "tcp"}}};
constexpr Names<Balance, 3> kBalances{
    {{Balance::kRoundRobin, "roundrobin"}, {Balance::kLeastConnections, "leastconn"}, {Balance::kSource, "source"}}};
constexpr Names<HealthCheckKind, 2> kCheckKinds{{{HealthCheckKind::kTcp, "tcp"}, {HealthCheckKind::kHttp, "http"}}};

template <class Enum, std::size_t N>
std::string_view wordFor(Enum value, const Names<Enum, N>& names) {
  for (const auto& [one, word] : names) {
    if (one == value) {
      return word;
    }
  }
  return "";
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

// JSON strings are UTF-8. A page or file that is not travels as {"hex": "..."}.
Json bytesToJson(const std::string& bytes) {
  if (base::isValidUtf8(bytes)) {
    return bytes;
  }
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kHexDigits[byte >> 4U];
    hex += kHexDigits[byte & 15U];
  }
  return {{"hex", std::move(hex)}};
}

std::optional<std::string> fromHex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto high = kHexDigits.find(hex[i]);
    const auto low = kHexDigits.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return std::nullopt;
    }
    out += static_cast<char>(high * 16 + low);
  }
  return hex.size() % 2 == 0 ? std::optional<std::string>(std::move(out)) : std::nullopt;
}

// Reads the members of one JSON object. The first mistake is kept; what is read behind it has no meaning. finish()
// tells, and refuses members that nobody asked for.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json_.is_object()) {
      complain("an object is needed");
    }
  }

  const Json& member(const char* name) {
    static const Json kNull;
    if (error_) {
      return kNull;
    }
    const auto found = json_.find(name);
    if (found == json_.end()) {
      complain(std::string("member ") + name + " is missing");
      return kNull;
    }
    ++taken_;
    return *found;
  }

  std::string text(const char* name) {
    const Json& value = member(name);
    if (!error_ && !value.is_string()) {
      complain(std::string(name) + " has to be a string");
    }
    return error_ ? std::string() : value.get<std::string>();
  }

  // Bytes of any kind: see bytesToJson.
  std::string bytes(const char* name) {
    const Json& value = member(name);
    if (error_ || value.is_string()) {
      return error_ ? std::string() : value.get<std::string>();
    }
    std::optional<std::string> decoded;
    if (value.is_object() && value.size() == 1 && value.contains("hex") && value["hex"].is_string()) {
      decoded = fromHex(value["hex"].get_ref<const std::string&>());
    }
    if (!decoded) {
      complain(std::string(name) + " has to be a string, or an object with the string hex");
    }
    return decoded.value_or(std::string());
  }

  bool flag(const char* name) {
    const Json& value = member(name);
    if (!error_ && !value.is_boolean()) {
      complain(std::string(name) + " has to be true or false");
    }
    return !error_ && value.get<bool>();
  }

  std::int64_t number(const char* name, std::int64_t min, std::int64_t max) {
    const Json& value = member(name);
    if (error_) {
      return min;
    }
    const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(max)
                                                 : value.is_number_integer() && value.get<std::int64_t>() <= max;
    if (!fits || value.get<std::int64_t>() < min) {
      complain(std::string(name) + " has to be a whole number from " + std::to_string(min) + " to " +
               std::to_string(max));
      return min;
    }
    return value.get<std::int64_t>();
  }

  std::chrono::milliseconds span(const char* name) {
    return std::chrono::milliseconds(number(name, 1, std::int64_t{7} * 24 * 3600 * 1000));
  }

  net::IpAddr address(const char* name) {
    const auto parsed = net::IpAddr::parse(text(name));
    if (!error_ && !parsed) {
      complain(std::string(name) + " is no IP address");
    }
    return parsed.value_or(net::IpAddr());
  }

  template <class Enum, std::size_t N>
  Enum word(const char* name, const Names<Enum, N>& names) {
    const std::string given = text(name);
    for (const auto& [value, known] : names) {
      if (given == known) {
        return value;
      }
    }
    complain(std::string(name) + " has an unknown value " + base::printable(given));
    return names.begin()->first;
  }

  // Decodes each element of a list with `decode(json, where)`.
  template <class Decode>
  auto list(const char* name, Decode decode) {
    std::vector<typename decltype(decode(std::declval<const Json&>(), std::string()))::value_type> out;
    const Json& value = member(name);
    if (!error_ && (!value.is_array() || value.size() > kMaxItems)) {
      complain(std::string(name) + " has to be a list of at most " + std::to_string(kMaxItems));
    }
    if (error_) {
      return out;
    }
    for (const Json& one : value) {
      auto decoded = decode(one, where_ + "." + name + "[" + std::to_string(out.size()) + "]");
      if (!decoded) {
        error_ = std::move(decoded.error());
        break;
      }
      out.push_back(std::move(*decoded));
    }
    return out;
  }

  // Decodes a member object.
  template <class Decode>
  auto object(const char* name, Decode decode) {
    typename decltype(decode(std::declval<const Json&>(), std::string()))::value_type out{};
    const Json& value = member(name);
    if (!error_) {
      if (auto decoded = decode(value, where_ + "." + name)) {
        out = std::move(*decoded);
      } else {
        error_ = std::move(decoded.error());
      }
    }
    return out;
  }

  template <class T>
  Result<T> finish(T value) {
    if (!error_ && taken_ != json_.size()) {
      complain("it has a member that is not known");
    }
    if (error_) {
      return fail(std::move(*error_));
    }
    return value;
  }

 private:
  void complain(const std::string& what) {
    if (!error_) {
      error_ = base::Error(ErrorKind::kInvalid, "decode " + where_ + ": " + what);
    }
  }

  const Json& json_;
  std::string where_;
  std::size_t taken_ = 0;
  std::optional<base::Error> error_;
};

Json toJson(const ListenAddress& listen) {
  return {{"netns", listen.netns}, {"address", listen.address.toString()}, {"port", listen.port}};
}
Result<ListenAddress> decodeListen(const Json& json, const std::string& where) {
  Reader in(json, where);
  ListenAddress out{in.text("netns"), in.address("address"), static_cast<std::uint16_t>(in.number("port", 0, 65535))};
  return in.finish(std::move(out));
}

Json toJson(const PageSite& site) {
  return {{"node", site.node},
          {"listen", toJson(site.listen)},
          {"contentType", site.contentType},
          {"body", bytesToJson(site.body)}};
}
Result<PageSite> decodeSite(const Json& json, const std::string& where) {
  Reader in(json, where);
  PageSite out{in.text("node"), in.object("listen", decodeListen), in.text("contentType"), in.bytes("body")};
  return in.finish(std::move(out));
}

Json toJson(const Backend& backend) {
  return {{"name", backend.name},     {"address", backend.address.toString()}, {"port", backend.port},
          {"weight", backend.weight}, {"disabled", backend.disabled},          {"backup", backend.backup}};
}
Result<Backend> decodeBackend(const Json& json, const std::string& where) {
  Reader in(json, where);
  Backend out;
  out.name = in.text("name");
  out.address = in.address("address");
  out.port = static_cast<std::uint16_t>(in.number("port", 1, 65535));
  out.weight = static_cast<std::uint32_t>(in.number("weight", 0, 100));
  out.disabled = in.flag("disabled");
  out.backup = in.flag("backup");
  return in.finish(std::move(out));
}

Json toJson(const HealthCheck& check) {
  return {{"kind", wordFor(check.kind, kCheckKinds)},
          {"path", check.path},
          {"host", check.host},
          {"intervalMs", check.interval.count()},
          {"timeoutMs", check.timeout.count()},
          {"fall", check.fall},
          {"rise", check.rise}};
}
Result<HealthCheck> decodeCheck(const Json& json, const std::string& where) {
  Reader in(json, where);
  HealthCheck out;
  out.kind = in.word("kind", kCheckKinds);
  out.path = in.text("path");
  out.host = in.text("host");
  out.interval = in.span("intervalMs");
  out.timeout = in.span("timeoutMs");
  out.fall = static_cast<std::uint32_t>(in.number("fall", 1, 1000));
  out.rise = static_cast<std::uint32_t>(in.number("rise", 1, 1000));
  return in.finish(std::move(out));
}

Json toJson(const Listener& listener) {
  Json backends = Json::array();
  for (const auto& backend : listener.backends) {
    backends.push_back(toJson(backend));
  }
  return {{"name", listener.name},
          {"protocol", wordFor(listener.protocol, kProtocols)},
          {"listen", toJson(listener.listen)},
          {"balance", wordFor(listener.balance, kBalances)},
          {"healthCheck", toJson(listener.healthCheck)},
          {"backends", std::move(backends)},
          {"connectTimeoutMs", listener.connectTimeout.count()},
          {"idleTimeoutMs", listener.idleTimeout.count()},
          {"maxHeaderBytes", listener.maxHeaderBytes},
          {"forwardedFor", listener.forwardedFor},
          {"forwardedProto", listener.forwardedProto}};
}
Result<Listener> decodeListener(const Json& json, const std::string& where) {
  Reader in(json, where);
  Listener out;
  out.name = in.text("name");
  out.protocol = in.word("protocol", kProtocols);
  out.listen = in.object("listen", decodeListen);
  out.balance = in.word("balance", kBalances);
  out.healthCheck = in.object("healthCheck", decodeCheck);
  out.backends = in.list("backends", decodeBackend);
  out.connectTimeout = in.span("connectTimeoutMs");
  out.idleTimeout = in.span("idleTimeoutMs");
  out.maxHeaderBytes = static_cast<std::uint32_t>(in.number("maxHeaderBytes", 1024, 127 * 1024));
  out.forwardedFor = in.flag("forwardedFor");
  out.forwardedProto = in.flag("forwardedProto");
  return in.finish(std::move(out));
}

Result<std::string> decodeText(const Json& json, const std::string& where) {
  return json.is_string() ? Result<std::string>(json.get<std::string>())
                          : fail(ErrorKind::kInvalid, "decode " + where + ": a string is needed");
}

Json toJson(const PrivateFile& file) {
  return {{"path", file.path}, {"content", bytesToJson(file.content)}};
}
Result<PrivateFile> decodeFile(const Json& json, const std::string& where) {
  Reader in(json, where);
  PrivateFile out{in.text("path"), in.bytes("content")};
  return in.finish(std::move(out));
}

Json specToJson(const PageServer& pages) {
  Json sites = Json::array();
  for (const auto& site : pages.sites) {
    sites.push_back(toJson(site));
  }
  return {{"sites", std::move(sites)}};
}
Json specToJson(const LoadBalancer& balancer) {
  Json listeners = Json::array();
  for (const auto& listener : balancer.listeners) {
    listeners.push_back(toJson(listener));
  }
  return {{"id", balancer.id}, {"listeners", std::move(listeners)}};
}
Json specToJson(const Command& command) {
  Json files = Json::array();
  for (const auto& file : command.files) {
    files.push_back(toJson(file));
  }
  return {{"argv", command.argv}, {"files", std::move(files)}};
}

Result<PageServer> decodePages(const Json& json, const std::string& where) {
  Reader in(json, where);
  PageServer out{in.list("sites", decodeSite)};
  return in.finish(std::move(out));
}
Result<LoadBalancer> decodeBalancer(const Json& json, const std::string& where) {
  Reader in(json, where);
  LoadBalancer out{in.text("id"), in.list("listeners", decodeListener)};
  return in.finish(std::move(out));
}
Result<Command> decodeCommand(const Json& json, const std::string& where) {
  Reader in(json, where);
  Command out{in.list("argv", decodeText), in.list("files", decodeFile)};
  return in.finish(std::move(out));
}

constexpr std::array<const char*, 3> kSpecNames{"pages", "loadBalancer", "command"};  // in the variant's order

}  // namespace

Json processToJson(const Process& process) {
  return {
      {"netns", process.netns},
      {"name", process.name},
      {kSpecNames[process.spec.index()], std::visit([](const auto& spec) { return specToJson(spec); }, process.spec)}};
}

Result<Process> processFromJson(const Json& json) {
  Reader in(json, "process");
  Process out;
  out.netns = in.text("netns");
  out.name = in.text("name");
  const bool object = json.is_object();
  if (object && json.contains(kSpecNames[1])) {
    out.spec = in.object(kSpecNames[1], decodeBalancer);
  } else if (object && json.contains(kSpecNames[2])) {
    out.spec = in.object(kSpecNames[2], decodeCommand);
  } else {
    out.spec = in.object(kSpecNames[0], decodePages);
  }
  return in.finish(std::move(out));
}

}  // namespace vpclab::state
