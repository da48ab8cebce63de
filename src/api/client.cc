#include "api/client.h"

#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include "api/json_reader.h"
#include "api/wire.h"

namespace vpclab::api {

using base::ErrorKind;

namespace {

constexpr std::chrono::seconds kSendTime{30};
// Longer than the daemon's own deadline for any one step of its work; between steps it reports progress.
constexpr std::chrono::minutes kSilence{15};

base::Error refusal(int status, const std::string& body) {
  std::string text = "the daemon refused the request with status " + std::to_string(status);
  if (auto value = parseJson(body, "response")) {
    JsonReader reader(*value, "response");
    std::string error;
    reader.take("error", error);
    if (reader.finish()) {
      text = error;
    }
  }
  return {status == 403 ? ErrorKind::kPermission : status == 503 ? ErrorKind::kBusy : ErrorKind::kInvalid, text};
}

}  // namespace

std::string socketPath(const std::string& runDir) {
  return runDir + "/vpclabd.sock";
}

base::Result<Client> Client::connect(const std::string& runDir, base::Deadline deadline) {
  const std::string path = socketPath(runDir);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return base::fail(ErrorKind::kInvalid, "run directory " + runDir + ": its name is too long for a socket");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return base::failErrno("socket");
  }
  // A Unix socket's connect() waits only while the listener's queue is full.
  const auto left = deadline.left();
  timeval limit{};
  limit.tv_sec = left.count() / 1000;
  limit.tv_usec = left.count() % 1000 * 1000 + 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT) {
      return base::fail(ErrorKind::kNotFound, "no daemon answers at " + path);
    }
    return base::failErrno("connect to " + path);
  }
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return base::failErrno("ask who listens at " + path);
  }
  return Client(std::move(socket), peer.pid);
}

base::Result<Final> Client::call(const Request& request, const std::function<void(const Event&)>& onEvent,
                                 int interruptFd) {
  ClientExchange exchange(socket_.get());
  // A daemon that refuses early does not read the body: its answer is worth more than the failed send.
  const auto sent = exchange.send(targetOf(request), encodeRequest(request), base::Deadline::after(kSendTime));
  const auto status = exchange.receiveHead(base::Deadline::after(kSilence));
  if (!status) {
    return base::fail(sent ? status.error() : sent.error());
  }
  if (*status != 200) {
    auto line = exchange.nextLine(-1, base::Deadline::after(kSendTime));
    return base::fail(refusal(*status, line ? *line : std::string()));
  }
  for (;;) {
    auto line = exchange.nextLine(interruptFd, base::Deadline::after(kSilence));
    if (!line) {
      if (line.error().kind() == ErrorKind::kCancelled) {
        // Half a close says "stop", and leaves the way back open for the Final.
        (void)::shutdown(socket_.get(), SHUT_WR);
        interruptFd = -1;
        continue;
      }
      return base::fail(line.error().kind() == ErrorKind::kNotFound
                            ? base::Error(ErrorKind::kProtocol, "response: it ended without a result")
                            : std::move(line.error()));
    }
    auto event = decodeEvent(*line);
    if (!event) {
      return base::fail(std::move(event.error()));
    }
    if (auto* final = std::get_if<Final>(&*event)) {
      return std::move(*final);
    }
    if (onEvent) {
      onEvent(*event);
    }
  }
}

}  // namespace vpclab::api
