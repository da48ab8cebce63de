#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "lb/buffer.h"
#include "lb/event_loop.h"
#include "net/ip.h"

namespace vpclab::lb {

struct Endpoint {
  net::IpAddr address;
  std::uint16_t port = 0;
};

class Socket;

class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  virtual void onSocket(Socket& socket) = 0;
};

enum class Transfer : std::uint8_t { kProgress, kBlocked, kEnd, kError };

// A connected (or connecting) TCP socket, watched edge-triggered: readable() and writable() hold until a call finds
// otherwise. errorNumber() tells of the last failure.
class Socket : public EventHandler {
 public:
  explicit Socket(EventLoop& loop) : loop_(loop) {}
  ~Socket() override { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Takes an accepted descriptor, which is non-blocking and has TCP_NODELAY from its listening socket. No event comes
  // before watch(): what has come already, most often all of a request, is read first and needs none.
  void adopt(base::UniqueFd fd, SocketOwner* owner);
  bool watch();
  // Starts a connection; false if it fails at once. It is made (or has failed) once connected() says so.
  bool connect(const net::IpAddr& address, std::uint16_t port, SocketOwner* owner);
  enum class Connect : std::uint8_t { kPending, kDone, kFailed };
  Connect connected();

  void setOwner(SocketOwner* owner) { owner_ = owner; }
  bool open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  bool broken() const { return hungUp_ || reset_; }  // reset, or both sides have closed
  bool reset() const { return reset_; }              // or failed otherwise; what came before may still be read
  int errorNumber() const { return errorNumber_; }

  // Reads into the buffer's free space (which there has to be).
  Transfer receive(Buffer& into);
  // Sends from both, one behind the other; `sent` bytes went out. `last`: the end follows at once, so that both can go
  // in one packet.
  Transfer send(std::string_view first, std::string_view second, std::size_t& sent, bool last = false);
  void shutdownWrite();
  // RST instead of FIN, so that the peer cannot take what it got for complete.
  void abort();
  void close();

  void onEvents(std::uint32_t events) override;

 private:
  void awaitRoom();

  EventLoop& loop_;
  base::UniqueFd fd_;
  SocketOwner* owner_ = nullptr;
  std::uint32_t events_ = 0;  // that it is watched for
  bool watched_ = false;
  bool readable_ = false;
  bool writable_ = false;
  bool peerClosed_ = false;
  bool hungUp_ = false;
  bool reset_ = false;
  int errorNumber_ = 0;
};

// "Network is unreachable" and the like, with what it means for a backend: "... (no route)".
std::string reasonForErrno(int errnoValue);

// A socket's own address; 0.0.0.0 and port 0 if it has none.
Endpoint localEndpoint(int fd);
// Accepts a connection, non-blocking and close-on-exec, and tells who made it; none, and errno, if there is none.
base::UniqueFd acceptFrom(int listening, Endpoint& peer);

}  // namespace vpclab::lb
