#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "check/icmp_packet.h"
#include "check/task.h"

namespace vpclab::check {

struct ArrivedAnswer {
  IcmpAnswer answer;
  TimePoint at;
};

// One raw ICMP socket, shared by the tasks of one request. Each task has an echo identifier of its own here, random,
// and an inbox: whoever reads the socket delivers to all.
class IcmpChannel {
 public:
  // Errors: kInvalid where the descriptor is no raw IPv4 ICMP socket.
  static base::Result<std::shared_ptr<IcmpChannel>> make(base::UniqueFd socket);

  int fd() const { return socket_.get(); }
  std::uint16_t attach(std::deque<ArrivedAnswer>* inbox);
  void detach(std::uint16_t id);

  // Reads what is there, a bounded number of packets.
  void receive();
  // 0, or the errno of the refusal. `ttl` 0: the namespace's default.
  int send(net::IpAddr target, int ttl, const std::vector<std::uint8_t>& packet);

 private:
  explicit IcmpChannel(base::UniqueFd socket) : socket_(std::move(socket)) {}

  base::UniqueFd socket_;
  std::map<std::uint16_t, std::deque<ArrivedAnswer>*> inboxes_;
};

// What a refusal of IcmpChannel::send() says: kUnreachable where the own kernel has no way there, else kError.
PingResult resultOfRefusal(int error);
std::string describeRefusal(int error);

}  // namespace vpclab::check
