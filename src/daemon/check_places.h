#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/spec.h"
#include "daemon/desired.h"

namespace vpclab::daemon {

// Finds what a check names: nodes, their addresses, and who has an address.
class CheckPlaces {
 public:
  // `desired` must outlive this object.
  explicit CheckPlaces(const Desired& desired) : desired_(desired) {}

  check::Vantage vantage(const std::string& node) const;
  // `port`: of an HTTP target; 0: none.
  check::Target target(const lab::Endpoint& endpoint, std::uint16_t port = 0) const;
  std::vector<net::IpAddr> addressesOf(const std::string& node) const;
  std::string titleOf(const std::string& node) const;
  // The load balancer that has the address; empty: none has.
  std::string balancerAt(net::IpAddr address) const;

 private:
  // The node that answers for an address: its own, or that of an EIP bound to it.
  std::string nodeAt(net::IpAddr address) const;

  const Desired& desired_;
};

}  // namespace vpclab::daemon
