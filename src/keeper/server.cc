#include "keeper/server.h"

#include <algorithm>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "keeper/wire.h"

namespace vpclab::keeper {

namespace {

constexpr std::size_t kMaxConnections = 64;
constexpr std::int64_t kMaxRequestTime = 120'000;      // milliseconds
constexpr base::Milliseconds kStallTime{10'000};       // an answer must be taken within this
constexpr std::size_t kMaxWatcherBacklog = 1U << 20U;  // bytes of events not taken

bool mayUse(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == ::geteuid());
}

}  // namespace

Server::Server(Loop* loop, base::UniqueFd socket, Handle handle)
    : loop_(loop), socket_(std::move(socket)), handle_(std::move(handle)) {}

Server::~Server() {
  while (!connections_.empty()) {
    drop(connections_.begin()->first);
  }
  loop_->forget(socket_.get());
}

base::Result<> Server::start() {
  return loop_->watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { acceptClients(); });
}

void Server::acceptClients() {
  for (;;) {
    base::UniqueFd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) {
      return;
    }
    if (connections_.size() >= kMaxConnections || !mayUse(client.get())) {
      continue;  // closed
    }
    const Id id = nextId_++;
    const int fd = client.get();
    connections_[id] = std::make_unique<Connection>(std::move(client));
    if (!loop_->watch(fd, EPOLLIN, [this, id](std::uint32_t events) { ready(id, events); })) {
      connections_.erase(id);
    }
  }
}

void Server::drop(Id id) {
  const auto found = connections_.find(id);
  if (found != connections_.end()) {
    loop_->cancel(found->second->requestTimer);
    loop_->cancel(found->second->stallTimer);
    loop_->forget(found->second->stream.fd());
    connections_.erase(found);
  }
}

void Server::ready(Id id, std::uint32_t events) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) {
    return;
  }
  if ((events & (EPOLLIN | EPOLLOUT)) == 0) {  // the peer has closed while its request is being carried out
    drop(id);
    return;
  }
  if ((events & EPOLLIN) != 0) {
    const auto received = found->second->stream.receive();
    if (!received || found->second->watching) {
      drop(id);  // one that watches has nothing more to say
      return;
    }
    takeRequests(id);
  }
  flush(id);
}

void Server::takeRequests(Id id) {
  for (;;) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || found->second->busy || found->second->watching) {
      return;
    }
    const auto body = found->second->stream.take();
    if (!body) {
      return;
    }
    begin(id, *body);
  }
}

void Server::begin(Id id, const std::string& body) {
  Connection& connection = *connections_.at(id);
  const auto request = parse(body);
  const auto time = request ? integerMember(*request, "timeout_ms", 0, INT64_MAX)
                            : base::Result<std::int64_t>(base::fail(request.error()));
  connection.busy = true;
  const std::uint64_t number = ++connection.request;
  if (!time) {
    answer(id, number, base::fail(time.error()));
    return;
  }
  if (request->value("op", nlohmann::json()) == "watch") {
    answer(id, number, Answer{});
    const auto found = connections_.find(id);
    if (found != connections_.end()) {
      found->second->watching = true;
    }
    return;
  }
  const auto deadline = base::Deadline::after(base::Milliseconds(std::min(*time, kMaxRequestTime)));
  connection.requestTimer = loop_->at(deadline.when(), [this, id, number] {
    answer(id, number, base::fail(base::ErrorKind::kTimeout, "the keeper could not do it in time"));
  });
  handle_(*request, deadline,
          [this, id, number](base::Result<Answer> result) { answer(id, number, std::move(result)); });
}

// An answer to a request that was given up, or of a client that has gone, is dropped.
void Server::answer(Id id, std::uint64_t request, base::Result<Answer> answer) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second->busy || found->second->request != request) {
    return;
  }
  Connection& connection = *found->second;
  loop_->cancel(connection.requestTimer);
  connection.requestTimer = 0;
  connection.busy = false;
  std::string body = dump(answer ? answer->body : errorToJson(answer.error()));
  if (answer && !answer->payload.empty()) {
    body += "\n" + answer->payload;
  }
  if (body.size() > base::kMaxFrameBytes) {
    body = dump(errorToJson({base::ErrorKind::kLimit, "the answer is too large"}));
  }
  connection.stream.queue(body, answer ? answer->fds : std::vector<SharedFd>());
  flush(id);
  // The next request may be there already; taken by the loop, so that a long queue does not become a deep stack.
  loop_->after({}, [this, id] {
    takeRequests(id);
    flush(id);
  });
}

void Server::publish(const Event& event) {
  const std::string body = dump(eventToJson(event));
  std::vector<Id> watchers;
  for (const auto& [id, connection] : connections_) {
    if (connection->watching) {
      watchers.push_back(id);
    }
  }
  for (const Id id : watchers) {
    Connection& connection = *connections_.at(id);
    if (connection.stream.queuedBytes() + body.size() > kMaxWatcherBacklog) {
      drop(id);  // it connects again and looks for itself
    } else {
      connection.stream.queue(body, {});
      flush(id);
    }
  }
}

void Server::flush(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) {
    return;
  }
  Connection& connection = *found->second;
  if (!connection.stream.flush()) {
    drop(id);
    return;
  }
  const bool pending = connection.stream.pending();
  loop_->change(connection.stream.fd(), (connection.busy ? 0U : EPOLLIN) | (pending ? EPOLLOUT : 0U));
  if (pending && connection.stallTimer == 0) {
    connection.stallTimer = loop_->after(kStallTime, [this, id] { drop(id); });
  } else if (!pending && connection.stallTimer != 0) {
    loop_->cancel(connection.stallTimer);
    connection.stallTimer = 0;
  }
}

void Server::flushAll() {
  for (auto& [id, connection] : connections_) {
    static_cast<void>(connection->stream.flush());  // the process ends anyway
  }
}

}  // namespace vpclab::keeper
