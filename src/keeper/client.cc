#include "keeper/client.h"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <sys/syscall.h>

#include "base/frame_socket.h"
#include "keeper/paths.h"
#include "keeper/wire.h"
#include "state/process_json.h"

namespace vpclab::keeper {

using nlohmann::json;

namespace {

base::Result<> discard(base::Result<json> answer) {
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  return {};
}

json aboutProcess(const char* op, const std::string& netns, const std::string& name) {
  return {{"op", op}, {"netns", netns}, {"name", name}};
}

}  // namespace

base::Result<Client> Client::connect(const Address& address, base::Deadline deadline) {
  if (auto valid = checkAddress(address); !valid) {
    return base::fail(std::move(valid.error()));
  }
  auto peer = connectUnix(address.socketPath(), deadline);
  if (!peer) {
    return base::fail(std::move(peer.error()).context("keeper of lab " + address.lab));
  }
  return Client(address, std::move(peer->socket), peer->pid);
}

base::Result<json> Client::call(json request, base::Deadline deadline, std::vector<base::UniqueFd>* fds,
                                std::string* payload) {
  const std::string what = "keeper of lab " + address_.lab;
  if (!socket_) {
    auto again = connect(address_, deadline);
    if (!again) {
      return base::fail(std::move(again.error()));
    }
    *this = std::move(*again);
  }
  // The keeper gives up a little earlier, so that its answer, which says what hangs, is still heard.
  const auto left = deadline.left();
  request["timeout_ms"] = std::max<std::int64_t>(1, (left - std::min(left / 10, base::Milliseconds(100))).count());
  auto sent = base::sendFrame(socket_.get(), dump(request), {}, deadline);
  if (!sent) {
    socket_.reset();
    return base::fail(std::move(sent.error()).context(what));
  }
  auto frame = base::receiveFrame(socket_.get(), base::kMaxFrameBytes, 1, deadline);
  if (!frame) {
    socket_.reset();  // an answer that comes later must not be taken for the next one
    return base::fail(std::move(frame.error()).context(what));
  }
  const auto end = std::min(frame->body.find('\n'), frame->body.size());
  auto answer = parse(std::string_view(frame->body).substr(0, end));
  if (!answer) {
    socket_.reset();
    return base::fail(std::move(answer.error()).context(what));
  }
  if (answer->value("ok", json(false)) != json(true)) {
    return base::fail(errorFromJson(*answer));
  }
  if (payload != nullptr && end < frame->body.size()) {
    *payload = frame->body.substr(end + 1);
  }
  if (fds != nullptr) {
    *fds = std::move(frame->fds);
  }
  return answer;
}

base::Result<> Client::put(const state::Process& process, base::Deadline deadline) {
  return discard(call({{"op", "put"}, {"process", state::processToJson(process)}}, deadline, nullptr, nullptr));
}

base::Result<> Client::remove(const std::string& netns, const std::string& name, base::Deadline deadline) {
  return discard(call(aboutProcess("remove", netns, name), deadline, nullptr, nullptr));
}

base::Result<> Client::putTunnel(const Tunnel& tunnel, base::Deadline deadline) {
  return discard(call({{"op", "put-tunnel"}, {"tunnel", tunnelToJson(tunnel)}}, deadline, nullptr, nullptr));
}

base::Result<> Client::removeTunnel(const std::string& netns, const std::string& name, base::Deadline deadline) {
  return discard(call({{"op", "remove-tunnel"}, {"netns", netns}, {"name", name}}, deadline, nullptr, nullptr));
}

base::Result<base::UniqueFd> Client::openTunnel(const std::string& netns, const std::string& name,
                                                base::Deadline deadline) {
  std::vector<base::UniqueFd> fds;
  auto answer = call({{"op", "open-tunnel"}, {"netns", netns}, {"name", name}}, deadline, &fds, nullptr);
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  if (fds.size() != 1) {
    return base::fail(base::ErrorKind::kProtocol, "keeper of lab " + address_.lab + ": no descriptor in the answer");
  }
  return std::move(fds.front());
}

base::Result<Listing> Client::list(base::Deadline deadline) {
  auto answer = call({{"op", "list"}}, deadline, nullptr, nullptr);
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  return listingFromJson(*answer);
}

base::Result<json> Client::control(const std::string& netns, const std::string& name, const json& message,
                                   base::Deadline deadline) {
  json request = aboutProcess("control", netns, name);
  request["message"] = message;
  auto answer = call(std::move(request), deadline, nullptr, nullptr);
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  return answer->value("answer", json());
}

base::Result<std::string> Client::output(const std::string& netns, const std::string& name, base::Deadline deadline,
                                         std::optional<std::uint64_t>* end) {
  std::string bytes;
  auto answer = call(aboutProcess("output", netns, name), deadline, nullptr, &bytes);
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  if (end != nullptr) {
    const auto told = answer->find("end");
    *end =
        told != answer->end() && told->is_number_unsigned() ? std::optional(told->get<std::uint64_t>()) : std::nullopt;
  }
  return bytes;
}

base::Result<> Client::shutdown(base::Deadline deadline) {
  // Opened first: the number may be somebody else's once the keeper has gone.
  const base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0U)));
  if (auto answer = call({{"op", "shutdown"}}, deadline, nullptr, nullptr); !answer) {
    return base::fail(std::move(answer.error()));
  }
  socket_.reset();
  while (process.valid()) {
    pollfd entry{process.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, deadline.pollTimeout());
    if (ready > 0) {
      break;
    }
    if (ready == 0) {
      return base::fail(base::ErrorKind::kTimeout, "the keeper of lab " + address_.lab + " does not end");
    }
    if (errno != EINTR) {
      return base::failErrno("wait for the keeper of lab " + address_.lab);
    }
  }
  return {};
}

}  // namespace vpclab::keeper
