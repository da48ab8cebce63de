#include "cli/dialer.h"

#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace vpclab::cli {

namespace {

class OwnDialer : public Dialer {
 public:
  explicit OwnDialer(NodePlace place) : place_(std::move(place)) {}

  base::Result<base::UniqueFd> dial() override {
    struct stat pin = {};
    if (::stat(place_.pin.c_str(), &pin) != 0) {
      return base::failErrno("find lab " + place_.lab + ", " + place_.pin);
    }
    if (pin.st_ino != entered_) {
      if (auto entered = enterNetns(place_); !entered) {
        return base::fail(std::move(entered.error()));
      }
      entered_ = pin.st_ino;
    }
    return connectTo(*net::IpAddr::parse(place_.address), place_.port);
  }

 private:
  NodePlace place_;
  ino_t entered_ = 0;
};

}  // namespace

base::Result<base::UniqueFd> connectTo(const net::IpAddr& address, std::uint16_t port) {
  base::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return base::failErrno("socket");
  }
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(port);
  target.sin_addr.s_addr = htonl(address.v4HostOrder());
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0 &&
      errno != EINPROGRESS) {
    return base::failErrno("connect to " + address.toString() + ":" + std::to_string(port));
  }
  return socket;
}

std::unique_ptr<Dialer> makeOwnDialer(NodePlace place) {
  return std::make_unique<OwnDialer>(std::move(place));
}

}  // namespace vpclab::cli
