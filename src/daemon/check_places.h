#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/spec.h"
#include "compile/reach.h"
#include "daemon/desired.h"

namespace vpclab::daemon {

// Finds what a check names: nodes, their addresses, and who has an address from the point of view of who asks.
class CheckPlaces {
 public:
  // `desired` must outlive this object.
  explicit CheckPlaces(const Desired& desired) : desired_(desired), reach_(desired.lab, desired.allocations) {}

  check::Vantage vantage(const std::string& node) const;
  // `from`: the node that asks. `port`: of an HTTP target; 0: none.
  check::Target target(const std::string& from, const lab::Endpoint& endpoint, std::uint16_t port = 0) const;
  // Each with the addresses that prove that it is the one. None where a node that has them too leads from `from` to the
  // target, and this one does not.
  std::vector<check::HopSpec> hops(const std::vector<std::string>& nodes, const std::vector<std::string>& way) const;
  // The routers that lead from a node to an address.
  std::vector<std::string> way(const std::string& from, net::IpAddr address) const { return reach_.way(from, address); }
  std::string titleOf(const std::string& node) const;
  // As check::Target::standIn.
  std::string standIn(const std::string& from, const std::string& to) const;

 private:
  std::vector<net::IpAddr> addressesOf(const std::string& node) const;
  // Whom `from` means by an address: a node's own, or that of an EIP bound to it.
  std::string nodeAt(const std::string& from, net::IpAddr address) const;

  const Desired& desired_;
  compile::Reach reach_;
};

}  // namespace vpclab::daemon
