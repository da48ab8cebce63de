#include "keeper/watcher.h"

#include "base/frame_socket.h"
#include "keeper/paths.h"
#include "keeper/wire.h"

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxEventBytes = 64U << 10U;

}  // namespace

base::Result<Watcher> Watcher::connect(const Address& address, base::Deadline deadline) {
  if (auto valid = checkAddress(address); !valid) {
    return base::fail(std::move(valid.error()));
  }
  auto peer = connectUnix(address.socketPath(), deadline);
  if (!peer) {
    return base::fail(std::move(peer.error()).context("watch the keeper of lab " + address.lab));
  }
  const std::string request = dump({{"op", "watch"}, {"timeout_ms", 1000}});
  if (auto sent = base::sendFrame(peer->socket.get(), request, {}, deadline); !sent) {
    return base::fail(std::move(sent.error()).context("watch the keeper of lab " + address.lab));
  }
  auto frame = base::receiveFrame(peer->socket.get(), kMaxEventBytes, 0, deadline);
  if (!frame) {
    return base::fail(std::move(frame.error()).context("watch the keeper of lab " + address.lab));
  }
  auto answer = parse(frame->body);
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  if (answer->value("ok", nlohmann::json(false)) != nlohmann::json(true)) {
    return base::fail(errorFromJson(*answer));
  }
  return Watcher(std::move(peer->socket));
}

base::Result<Event> Watcher::next(base::Deadline deadline) {
  auto frame = base::receiveFrame(socket_.get(), kMaxEventBytes, 0, deadline);
  if (!frame) {
    // A keeper that was killed with answers unread ends the connection with a reset.
    if (frame.error().errnoValue() == ECONNRESET) {
      return base::fail(base::ErrorKind::kNotFound, "the keeper has gone");
    }
    return base::fail(std::move(frame.error()));
  }
  auto event = parse(frame->body);
  if (!event) {
    return base::fail(std::move(event.error()));
  }
  return eventFromJson(*event);
}

}  // namespace vpclab::keeper
