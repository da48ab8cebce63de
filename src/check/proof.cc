#include "check/proof.h"

#include <algorithm>

#include "check/expect.h"

namespace vpclab::check {

namespace {

void addWitnesses(Round& round, const Vantage& from, std::chrono::milliseconds left) {
  for (const Witness& witness : from.witnesses) {
    if (witness.port == 0) {
      PingJob ping;
      ping.socket = round.icmpSocket(from.node);
      ping.target = witness.address;
      ping.untilAnswered = true;
      ping.interval = std::chrono::milliseconds(50);
      ping.deadline = left;
      round.jobs.emplace_back(ping);
    } else {
      HttpJob connection;
      connection.sockets = round.tcpSockets(from.node, 1);
      connection.address = witness.address;
      connection.port = witness.port;
      connection.hostHeader = witness.address.toString();
      connection.connectOnly = true;
      connection.timeout = std::min(left, std::chrono::milliseconds(1000));
      round.jobs.emplace_back(connection);
    }
  }
}

}  // namespace

Round Proof::next(std::chrono::milliseconds left) const {
  Round round;
  addWitnesses(round, from_, left);
  if (to_.alive) {
    addWitnesses(round, *to_.alive, left);
  }
  return round;
}

std::optional<std::string> Proof::missing(const std::vector<Reply>& replies) const {
  if (from_.witnesses.empty()) {
    return "cannot tell: nothing is known that would prove that " + from_.title + " can send and receive";
  }
  const auto middle = replies.begin() + static_cast<std::ptrdiff_t>(std::min(from_.witnesses.size(), replies.size()));
  if (auto silent = silentWitness(from_.witnesses, {replies.begin(), middle})) {
    return "cannot tell: the prober " + from_.title + " does not work: " + *silent;
  }
  if (!to_.alive) {
    return std::nullopt;
  }
  if (to_.alive->witnesses.empty()) {
    return "cannot tell: nothing is known that would prove that " + to_.title + " is alive";
  }
  if (auto silent = silentWitness(to_.alive->witnesses, {middle, replies.end()})) {
    return "cannot tell: the target " + to_.title + " is not alive on its own side: seen from " + to_.alive->title +
           ", " + *silent;
  }
  return std::nullopt;
}

}  // namespace vpclab::check
