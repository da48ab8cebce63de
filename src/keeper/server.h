#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "keeper/answer.h"
#include "keeper/loop.h"
#include "keeper/watcher.h"

namespace vpclab::keeper {

// The keeper's listening socket and its clients. A client sends one request at a time; one that does not take its
// answers is let go.
class Server {
 public:
  using Handle = std::function<void(const nlohmann::json& request, base::Deadline deadline, Reply reply)>;

  Server(Loop* loop, base::UniqueFd socket, Handle handle);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  base::Result<> start();
  // Tells every client that has asked to watch.
  void publish(const Event& event);
  // Sends what is still queued, as far as it goes without waiting.
  void flushAll();

 private:
  struct Connection {
    explicit Connection(base::UniqueFd socket) : stream(std::move(socket), base::kMaxFrameBytes) {}
    FrameStream stream;
    bool busy = false;      // a request is being carried out
    bool watching = false;  // gets events
    std::uint64_t request = 0;
    Loop::TimerId requestTimer = 0;
    Loop::TimerId stallTimer = 0;
  };
  using Id = std::uint64_t;

  void acceptClients();
  void ready(Id id, std::uint32_t events);
  void takeRequests(Id id);
  void begin(Id id, const std::string& body);
  void answer(Id id, std::uint64_t request, base::Result<Answer> answer);
  void flush(Id id);
  void drop(Id id);

  Loop* loop_;
  base::UniqueFd socket_;
  Handle handle_;
  std::map<Id, std::unique_ptr<Connection>> connections_;
  Id nextId_ = 1;
};

}  // namespace vpclab::keeper
