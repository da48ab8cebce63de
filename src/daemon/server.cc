#include "daemon/server.h"

#include <array>
#include <cerrno>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/json_reader.h"
#include "daemon/finals.h"
#include "daemon/heap.h"
#include "daemon/log.h"
#include "daemon/metrics.h"
#include "daemon/operations.h"
#include "daemon/peer.h"
#include "daemon/take_down.h"
#include "http/blocking.h"

namespace vpclab::daemon {

namespace {

constexpr std::size_t kMaxConnections = 32;
// A client that says nothing, or too slowly, gives its place to others.
constexpr std::chrono::seconds kRequestTime{10};
constexpr std::chrono::seconds kEventTime{10};
constexpr std::chrono::seconds kRefusalTime{1};
// After running out of descriptors: until another connection has given its own back.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kStalledPause{10};

http::Response response(int status, std::string body) {
  http::Response out;
  out.status = status;
  out.headers = {{"Content-Type", status == 200 ? "application/x-ndjson" : "application/json"},
                 {"Connection", "close"}};
  out.body = std::move(body);
  return out;
}

void refuse(http::Connection& connection, int status, const std::string& why) {
  (void)connection.writeResponse(response(status, api::dumpJson({{"error", why}}) + "\n"),
                                 base::Deadline::after(kRefusalTime));
}

// While one is there, something is being sent.
class Sending {
 public:
  explicit Sending(std::atomic<std::uint64_t>& sends) : sends_(sends) { ++sends_; }
  ~Sending() { ++sends_; }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

 private:
  std::atomic<std::uint64_t>& sends_;
};

class StreamSession : public Session {
 public:
  StreamSession(http::Connection& connection, Peer peer, const std::atomic<bool>& stopping,
                std::atomic<std::uint64_t>& sends)
      : connection_(connection), peer_(std::move(peer)), stopping_(stopping), sends_(sends) {}

  void send(const api::Event& event) override {
    const Sending sending(sends_);
    if (!gone_ && !connection_.writeChunk(api::encodeEvent(event) + "\n", deadline())) {
      gone_ = true;
    }
  }
  bool stopped() override {
    if (gone_ || stopping_.load()) {
      return true;
    }
    // A client that closes its half asks to stop; it may still read.
    pollfd entry{connection_.fd(), POLLRDHUP, 0};
    return ::poll(&entry, 1, 0) > 0;
  }
  bool ending() const override { return stopping_.load(); }
  bool ready(base::Deadline deadline) override {
    pollfd entry{connection_.fd(), POLLOUT, 0};
    return !gone_ && ::poll(&entry, 1, deadline.pollTimeout()) > 0 && (entry.revents & (POLLERR | POLLHUP)) == 0;
  }
  Peer peer() const override { return peer_; }
  int socket() const override { return connection_.fd(); }

  // The end of the daemon waits for nobody who does not read.
  base::Deadline deadline() const { return base::Deadline::after(stopping_.load() ? kRefusalTime : kEventTime); }

 private:
  http::Connection& connection_;
  Peer peer_;
  const std::atomic<bool>& stopping_;
  std::atomic<std::uint64_t>& sends_;
  std::atomic<bool> gone_ = false;  // stopped() may be asked from another thread
};

}  // namespace

Server::Server(Engine& engine, base::UniqueFd listener, base::UniqueFd wake)
    : engine_(engine), listener_(std::move(listener)), wake_(std::move(wake)) {}

base::Result<std::unique_ptr<Server>> Server::make(Engine& engine, base::UniqueFd listener) {
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) {
    return base::failErrno("eventfd");
  }
  return std::unique_ptr<Server>(new Server(engine, std::move(listener), std::move(wake)));
}

Server::~Server() {
  stop();
  for (auto& connection : connections_) {
    connection.thread.join();
  }
}

void Server::stop() {
  stopping_.store(true);
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

void Server::run() {
  while (!stopping_.load()) {
    std::array<pollfd, 2> entries{pollfd{listener_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) {
      logError("poll: " + base::Error::fromErrno(errno, "API socket").message());
      break;
    }
    if (entries[0].revents != 0 && !stopping_.load()) {
      accept();
    }
    joinFinished();
  }
  listener_.reset();
  stopReading();
  leaveStalled();
  for (auto& connection : connections_) {
    connection.thread.join();
  }
  connections_.clear();
}

// Who has said nothing so far is not waited for. Answers still reach those who have.
void Server::stopReading() {
  for (auto& connection : connections_) {
    const std::lock_guard lock(connection.mutex);
    if (connection.socket) {
      (void)::shutdown(connection.socket.get(), SHUT_RD);
    }
  }
}

// A send that began before the end was let have more time than the end has.
void Server::leaveStalled() {
  std::vector<std::pair<Connection*, std::uint64_t>> stalled;
  for (auto& connection : connections_) {
    if (const auto sends = connection.sends.load(); sends % 2 != 0) {
      stalled.emplace_back(&connection, sends);
    }
  }
  const auto patience = base::Deadline::after(kRefusalTime);
  while (!stalled.empty() && !patience.passed()) {
    std::this_thread::sleep_for(kStalledPause);
    std::erase_if(stalled, [](const auto& entry) { return entry.first->sends.load() != entry.second; });
  }
  for (const auto& [connection, sends] : stalled) {
    const std::lock_guard lock(connection->mutex);
    if (connection->socket) {
      (void)::shutdown(connection->socket.get(), SHUT_RDWR);
    }
  }
}

void Server::joinFinished() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (it->done.load()) {
      it->thread.join();
      it = connections_.erase(it);
    } else {
      ++it;
    }
  }
}

void Server::accept() {
  base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
      logError(base::Error::fromErrno(errno, "accept a client").message());
      std::this_thread::sleep_for(kAcceptPause);
    }
    return;
  }
  joinFinished();
  http::Connection connection(socket.get());
  if (connections_.size() >= kMaxConnections) {
    refuse(connection, 503, "the daemon serves " + std::to_string(kMaxConnections) + " clients already; try again");
    return;
  }
  const auto uid = uidOf(socket.get());
  if (!uid) {
    logError(uid.error().message());
    return;
  }
  auto place = limits_.enter(*uid, base::Clock::now());
  if (!place) {
    logDebug("refused a client: " + place.error().message());
    refuse(connection, place.error().kind() == base::ErrorKind::kLimit ? 429 : 503, place.error().message());
    return;
  }
  auto& entry = connections_.emplace_back();
  entry.socket = std::move(socket);
  entry.place.emplace(std::move(*place));
  try {
    entry.thread = std::thread([this, &entry] {
      // What one client makes go wrong, memory that runs out above all, must not end the daemon for all.
      try {
        serve(entry);
        endIfDue(engine_);
      } catch (const std::exception& problem) {
        logError(std::string("serve a client: ") + problem.what());
      }
      {
        const std::lock_guard lock(entry.mutex);
        entry.socket.reset();
      }
      entry.place.reset();
      giveBackHeap(kIdleHeap);
      entry.done.store(true);
    });
  } catch (const std::system_error& problem) {
    connections_.pop_back();
    logError(std::string("start a thread for a client: ") + problem.what());
  }
}

void Server::serve(Connection& entry) {
  const int socket = entry.socket.get();
  http::Connection connection(socket);
  const auto client = admitPeer(socket);
  if (!client) {
    logWarning("refused a client: " + client.error().message());
    // The request is read first, a small one at least: an answer to a client that is still writing would be lost.
    (void)connection.readRequest(1U << 16U, base::Deadline::after(kRefusalTime));
    refuse(connection, 403, client.error().message());
    return;
  }
  auto request = connection.readRequest(api::kMaxRequestBytes, base::Deadline::after(kRequestTime));
  if (!request) {
    logDebug("pid " + std::to_string(client->pid) + ": " + request.error().message());
    (void)connection.refuse(base::Deadline::after(kRefusalTime));
    return;
  }
  if (request->method == "GET" && request->target == api::kMetricsTarget) {
    auto metrics = response(200, metricsOf(engine_).text());
    metrics.headers.front().second = Exposition::kContentType;
    (void)connection.writeResponse(metrics, base::Deadline::after(kEventTime));
    return;
  }
  if (request->method != "POST") {
    refuse(connection, 405, "only POST is understood here, and GET of " + std::string(api::kMetricsTarget));
    return;
  }
  auto decoded = api::decodeRequest(request->target, request->body);
  if (!decoded) {
    refuse(connection, decoded.error().kind() == base::ErrorKind::kNotFound ? 404 : 400, decoded.error().message());
    return;
  }
  request->body.clear();
  if (!connection.beginResponse(response(200, {}), base::Deadline::after(kEventTime))) {
    return;
  }
  StreamSession session(connection, *client, stopping_, entry.sends);
  const auto final = resultOf([&] { return runRequest(engine_, *decoded, session); });
  for (const auto& error : final.errors) {
    logWarning("pid " + std::to_string(client->pid) + ": " + request->target + ": " + error);
  }
  session.send(final);
  (void)connection.endResponse(session.deadline());
}

}  // namespace vpclab::daemon
