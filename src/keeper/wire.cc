#include "keeper/wire.h"

#include <array>

#include "base/json_shape.h"
#include "state/process_json.h"

namespace vpclab::keeper {

using nlohmann::json;

namespace {

constexpr int kMaxErrno = 4095;  // MAX_ERRNO of the kernel
// In bytes; with each as an escape of six it is still one write to a pipe, PIPE_BUF in pipe(7).
constexpr std::size_t kMaxErrorText = 640;
constexpr std::array kStates = {RunState::kStarting, RunState::kRunning, RunState::kBackOff, RunState::kExited};

base::Result<RunState> stateMember(const json& object) {
  auto text = stringMember(object, "state");
  if (!text) {
    return base::fail(std::move(text.error()));
  }
  for (const RunState state : kStates) {
    if (nameOf(state) == *text) {
      return state;
    }
  }
  return base::fail(base::ErrorKind::kProtocol, "no such run state: " + *text);
}

const json* arrayMember(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? &*found : nullptr;
}

const json* objectMember(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? &*found : nullptr;
}

// The members that both kinds of status share.
template <class Status>
base::Result<> readCommon(const json& object, Status* out) {
  auto state = stateMember(object);
  auto pid = integerMember(object, "pid", 0, INT32_MAX);
  auto restarts = integerMember(object, "restarts", 0, UINT32_MAX);
  if (!state || !pid || !restarts) {
    return base::fail(!state ? state.error() : !pid ? pid.error() : restarts.error());
  }
  out->state = *state;
  out->pid = static_cast<pid_t>(*pid);
  out->restarts = static_cast<unsigned>(*restarts);
  return {};
}

}  // namespace

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

base::Result<json> parse(std::string_view text) {
  // A worker's answer is copied and printed again, and the stack that this might take is the keeper's.
  if (base::jsonShape(text).depth > base::kMaxJsonDepth) {
    return base::fail(base::ErrorKind::kProtocol, "a message nests deeper than " + std::to_string(base::kMaxJsonDepth));
  }
  json value = json::parse(text, nullptr, false);
  if (!value.is_object()) {
    return base::fail(base::ErrorKind::kProtocol, "a message is no JSON object");
  }
  return value;
}

base::Result<std::string> stringMember(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return base::fail(base::ErrorKind::kProtocol, std::string("a message lacks the text \"") + name + "\"");
  }
  return found->get<std::string>();
}

base::Result<std::int64_t> integerMember(const json& object, const char* name, std::int64_t min, std::int64_t max) {
  const auto found = object.find(name);
  if (found != object.end() && found->is_number_integer() &&
      !(found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX)) {
    const auto value = found->get<std::int64_t>();
    if (value >= min && value <= max) {
      return value;
    }
  }
  return base::fail(base::ErrorKind::kProtocol,
                    std::string("a message lacks the number \"") + name + "\", or it is out of range");
}

json errorToJson(const base::Error& error) {
  json out{{"ok", false}, {"kind", std::string(base::nameOf(error.kind()))}, {"error", error.message()}};
  if (error.errnoValue() != 0) {
    out["errno"] = error.errnoValue();
  }
  return out;
}

base::Error errorFromJson(const json& object) {
  const auto kind = stringMember(object, "kind");
  const auto text = stringMember(object, "error");
  if (!text) {
    return {base::ErrorKind::kProtocol, "an answer is neither a success nor an error"};
  }
  const auto number = integerMember(object, "errno", 0, kMaxErrno);
  for (int i = 0; kind && i <= static_cast<int>(base::ErrorKind::kInternal); ++i) {
    if (base::nameOf(static_cast<base::ErrorKind>(i)) == *kind) {
      return base::Error::relayed(static_cast<base::ErrorKind>(i), number ? static_cast<int>(*number) : 0, *text);
    }
  }
  return {base::ErrorKind::kInternal, *text};
}

std::string encodeError(const base::Error& error) {
  return dump(
      errorToJson(base::Error::relayed(error.kind(), error.errnoValue(), error.message().substr(0, kMaxErrorText))));
}

base::Error decodeError(std::string_view text) {
  const auto object = parse(text);
  return object ? errorFromJson(*object) : object.error();
}

std::string_view nameOf(RunState state) {
  switch (state) {
    case RunState::kStarting:
      return "starting";
    case RunState::kRunning:
      return "running";
    case RunState::kBackOff:
      return "back-off";
    case RunState::kExited:
      return "exited";
  }
  return "exited";
}

json tunnelToJson(const Tunnel& tunnel) {
  return {{"netns", tunnel.netns},
          {"name", tunnel.name},
          {"socket_netns", tunnel.socketNetns},
          {"mtu", tunnel.mtu},
          {"tun_flags", tunnel.tunFlags}};
}

base::Result<Tunnel> tunnelFromJson(const json& object) {
  auto netns = stringMember(object, "netns");
  auto name = stringMember(object, "name");
  auto socketNetns = stringMember(object, "socket_netns");
  auto mtu = integerMember(object, "mtu", 0, 65535);
  auto tunFlags = integerMember(object, "tun_flags", 0, 65535);
  for (const auto* text : {&netns, &name, &socketNetns}) {
    if (!*text) {
      return base::fail(text->error());
    }
  }
  if (!mtu || !tunFlags) {
    return base::fail(!mtu ? mtu.error() : tunFlags.error());
  }
  return Tunnel{std::move(*netns), std::move(*name), std::move(*socketNetns), static_cast<std::uint32_t>(*mtu),
                static_cast<std::uint32_t>(*tunFlags)};
}

json listingToJson(const Listing& listing) {
  json processes = json::array();
  for (const auto& status : listing.processes) {
    processes.push_back({{"process", state::processToJson(status.process)},
                         {"state", std::string(nameOf(status.state))},
                         {"pid", status.pid},
                         {"restarts", status.restarts},
                         {"outdated", status.outdated},
                         {"last_exit", status.lastExit}});
  }
  json tunnels = json::array();
  for (const auto& status : listing.tunnels) {
    tunnels.push_back({{"tunnel", tunnelToJson(status.tunnel)},
                       {"state", std::string(nameOf(status.state))},
                       {"pid", status.pid},
                       {"restarts", status.restarts}});
  }
  return {{"ok", true}, {"processes", std::move(processes)}, {"tunnels", std::move(tunnels)}};
}

base::Result<Listing> listingFromJson(const json& object) {
  const json* processes = arrayMember(object, "processes");
  const json* tunnels = arrayMember(object, "tunnels");
  if (processes == nullptr || tunnels == nullptr) {
    return base::fail(base::ErrorKind::kProtocol, "a listing lacks its processes or tunnels");
  }
  Listing out;
  for (const json& entry : *processes) {
    const json* spec = entry.is_object() ? objectMember(entry, "process") : nullptr;
    if (spec == nullptr) {
      return base::fail(base::ErrorKind::kProtocol, "an entry of a listing lacks its process");
    }
    ProcessStatus status;
    auto process = state::processFromJson(*spec);
    auto lastExit = stringMember(entry, "last_exit");
    auto common = readCommon(entry, &status);
    // A keeper that is older than its client does not know it.
    status.outdated = entry.value("outdated", json(false)) == json(true);
    if (!process || !lastExit || !common) {
      return base::fail(!process ? process.error() : !lastExit ? lastExit.error() : common.error());
    }
    status.process = std::move(*process);
    status.lastExit = std::move(*lastExit);
    out.processes.push_back(std::move(status));
  }
  for (const json& entry : *tunnels) {
    const json* spec = entry.is_object() ? objectMember(entry, "tunnel") : nullptr;
    if (spec == nullptr) {
      return base::fail(base::ErrorKind::kProtocol, "an entry of a listing lacks its tunnel");
    }
    TunnelStatus status;
    auto tunnel = tunnelFromJson(*spec);
    auto common = readCommon(entry, &status);
    if (!tunnel || !common) {
      return base::fail(!tunnel ? tunnel.error() : common.error());
    }
    status.tunnel = std::move(*tunnel);
    out.tunnels.push_back(std::move(status));
  }
  return out;
}

json eventToJson(const Event& event) {
  return {{"event", event.tunnel ? "tunnel" : "process"},
          {"netns", event.netns},
          {"name", event.name},
          {"state", std::string(nameOf(event.state))},
          {"last_exit", event.lastExit}};
}

base::Result<Event> eventFromJson(const json& object) {
  auto kind = stringMember(object, "event");
  auto netns = stringMember(object, "netns");
  auto name = stringMember(object, "name");
  auto state = stateMember(object);
  auto lastExit = stringMember(object, "last_exit");
  if (!kind || !netns || !name || !state || !lastExit) {
    return base::fail(base::ErrorKind::kProtocol, "an event lacks a member");
  }
  return Event{*kind == "tunnel", std::move(*netns), std::move(*name), *state, std::move(*lastExit)};
}

}  // namespace vpclab::keeper
