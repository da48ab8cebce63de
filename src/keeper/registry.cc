#include "keeper/registry.h"

#include "base/text.h"
#include "keeper/wire.h"
#include "state/process_json.h"

namespace vpclab::keeper {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxProcesses = 8192;
constexpr std::size_t kMaxTunnels = 1024;

Done onlyResult(Reply reply) {
  return [reply = std::move(reply)](const base::Result<>& result) {
    if (result) {
      reply(Answer{});
    } else {
      reply(base::fail(result.error()));
    }
  };
}

base::Result<std::pair<std::string, std::string>> keyOf(const json& request) {
  auto netns = stringMember(request, "netns");
  auto name = stringMember(request, "name");
  if (!netns || !name) {
    return base::fail(!netns ? netns.error() : name.error());
  }
  return std::pair(std::move(*netns), std::move(*name));
}

}  // namespace

void Registry::handle(const json& request, base::Deadline deadline, Reply reply) {
  const auto op = stringMember(request, "op");
  if (!op) {
    reply(base::fail(op.error()));
  } else if (ending_) {
    reply(base::fail(base::ErrorKind::kBusy, "the keeper is ending"));
  } else if (*op == "put") {
    put(request, deadline, std::move(reply));
  } else if (*op == "remove") {
    remove(request, deadline, std::move(reply));
  } else if (*op == "put-tunnel") {
    putTunnel(request, deadline, std::move(reply));
  } else if (*op == "remove-tunnel") {
    removeTunnel(request, deadline, std::move(reply));
  } else if (*op == "open-tunnel") {
    openTunnel(request, reply);
  } else if (*op == "control") {
    control(request, reply);
  } else if (*op == "output") {
    output(request, reply);
  } else if (*op == "list") {
    reply(Answer{listingToJson(list()), "", {}});
  } else {
    reply(base::fail(base::ErrorKind::kProtocol, "the keeper knows no request \"" + base::printable(*op) + "\""));
  }
}

void Registry::put(const json& request, base::Deadline deadline, Reply reply) {
  const auto spec = request.find("process");
  if (spec == request.end() || !spec->is_object()) {
    reply(base::fail(base::ErrorKind::kProtocol, "a request lacks its process"));
    return;
  }
  const auto process = state::processFromJson(*spec);
  if (!process) {
    reply(base::fail(process.error()));
    return;
  }
  const Key key(process->netns, process->name);
  auto found = processes_.find(key);
  if (found == processes_.end()) {
    if (processes_.size() >= kMaxProcesses) {
      reply(base::fail(base::ErrorKind::kLimit, "a lab has at most " + std::to_string(kMaxProcesses) + " processes"));
      return;
    }
    // A slot may ask for its end from within its own functions, so that comes later.
    auto slot = std::make_unique<ProcessSlot>(
        context_, *process, [this, key] { context_->loop->after({}, [this, key] { processes_.erase(key); }); });
    found = processes_.emplace(key, std::move(slot)).first;
  }
  found->second->put(*process, deadline, onlyResult(std::move(reply)));
}

void Registry::remove(const json& request, base::Deadline deadline, Reply reply) {
  const auto key = keyOf(request);
  if (!key) {
    reply(base::fail(key.error()));
    return;
  }
  const auto found = processes_.find(*key);
  if (found == processes_.end()) {
    reply(Answer{});
  } else {
    found->second->remove(deadline, onlyResult(std::move(reply)));
  }
}

void Registry::putTunnel(const json& request, base::Deadline deadline, Reply reply) {
  const auto spec = request.find("tunnel");
  const auto tunnel = spec != request.end() && spec->is_object()
                          ? tunnelFromJson(*spec)
                          : base::fail(base::ErrorKind::kProtocol, "a request lacks its tunnel");
  if (!tunnel) {
    reply(base::fail(tunnel.error()));
    return;
  }
  const Key key(tunnel->netns, tunnel->name);
  auto found = tunnels_.find(key);
  if (found == tunnels_.end()) {
    if (tunnels_.size() >= kMaxTunnels) {
      reply(base::fail(base::ErrorKind::kLimit, "a lab has at most " + std::to_string(kMaxTunnels) + " tunnels"));
      return;
    }
    auto slot = std::make_unique<TunnelSlot>(
        context_, *tunnel, [this, key] { context_->loop->after({}, [this, key] { tunnels_.erase(key); }); });
    found = tunnels_.emplace(key, std::move(slot)).first;
  }
  found->second->put(*tunnel, deadline, onlyResult(std::move(reply)));
}

void Registry::removeTunnel(const json& request, base::Deadline deadline, Reply reply) {
  const auto key = keyOf(request);
  if (!key) {
    reply(base::fail(key.error()));
    return;
  }
  const auto found = tunnels_.find(*key);
  if (found == tunnels_.end()) {
    reply(Answer{});
  } else {
    found->second->remove(deadline, onlyResult(std::move(reply)));
  }
}

void Registry::openTunnel(const json& request, const Reply& reply) {
  const auto key = keyOf(request);
  if (!key) {
    reply(base::fail(key.error()));
    return;
  }
  const auto found = tunnels_.find(*key);
  if (found == tunnels_.end()) {
    reply(base::fail(base::ErrorKind::kNotFound, "tunnel " + base::printable(key->second) + " of " +
                                                     base::printable(key->first) + ": there is none"));
    return;
  }
  auto socket = found->second->open();
  if (!socket) {
    reply(base::fail(std::move(socket.error())));
    return;
  }
  Answer answer;
  answer.fds.push_back(std::make_shared<const base::UniqueFd>(std::move(*socket)));
  reply(std::move(answer));
}

base::Result<ProcessSlot*> Registry::find(const json& request) {
  const auto key = keyOf(request);
  if (!key) {
    return base::fail(key.error());
  }
  const auto found = processes_.find(*key);
  if (found == processes_.end()) {
    return base::fail(base::ErrorKind::kNotFound, "process " + base::printable(key->second) + " in " +
                                                      base::printable(key->first) + ": there is none");
  }
  return found->second.get();
}

void Registry::control(const json& request, const Reply& reply) {
  const auto slot = find(request);
  const auto message = request.find("message");
  if (!slot) {
    reply(base::fail(slot.error()));
  } else if (message == request.end() || !message->is_object()) {
    reply(base::fail(base::ErrorKind::kProtocol, "a request lacks its message"));
  } else {
    (*slot)->control(*message, [reply](base::Result<json> answer) {
      if (answer) {
        reply(Answer{{{"ok", true}, {"answer", std::move(*answer)}}, "", {}});
      } else {
        reply(base::fail(std::move(answer.error())));
      }
    });
  }
}

void Registry::output(const json& request, const Reply& reply) {
  const auto slot = find(request);
  if (slot) {
    const OutputRing& output = (*slot)->output();
    reply(Answer{{{"ok", true}, {"end", output.end()}}, output.text(), {}});
  } else {
    reply(base::fail(slot.error()));
  }
}

Listing Registry::list() const {
  Listing out;
  for (const auto& [key, slot] : processes_) {
    out.processes.push_back(slot->status());
  }
  for (const auto& [key, slot] : tunnels_) {
    out.tunnels.push_back(slot->status());
  }
  return out;
}

void Registry::endAll(base::Deadline deadline, std::function<void()> done) {
  ending_ = true;
  // Held by every one that is still there; the last one to go lets it run.
  const std::shared_ptr<void> last(nullptr, [done = std::move(done)](void*) { done(); });
  for (const auto& [key, slot] : processes_) {
    slot->remove(deadline, [last](const base::Result<>&) {});
  }
  for (const auto& [key, slot] : tunnels_) {
    slot->remove(deadline, [last](const base::Result<>&) {});
  }
}

}  // namespace vpclab::keeper
