#include "daemon/check_places.h"

#include <algorithm>

namespace vpclab::daemon {

std::string CheckPlaces::titleOf(const std::string& node) const {
  const auto found = desired_.compiled.nodes.find(node);
  return found == desired_.compiled.nodes.end() ? node : found->second.title;
}

std::vector<net::IpAddr> CheckPlaces::addressesOf(const std::string& node) const {
  std::vector<net::IpAddr> out;
  // The private address first: it is what "ping a server" means.
  if (const auto given = desired_.allocations.addresses.find(node); given != desired_.allocations.addresses.end()) {
    out.push_back(given->second);
  }
  if (const auto found = desired_.compiled.nodes.find(node); found != desired_.compiled.nodes.end()) {
    for (const auto& interface : found->second.interfaces) {
      for (const auto& prefix : interface.addresses) {
        if (std::find(out.begin(), out.end(), prefix.address()) == out.end()) {
          out.push_back(prefix.address());
        }
      }
    }
  }
  return out;
}

check::Vantage CheckPlaces::vantage(const std::string& node) const {
  check::Vantage out{node, titleOf(node), {}};
  if (const auto own = addressesOf(node); !own.empty()) {
    out.witnesses.push_back({own.front(), 0, out.title});
  }
  std::string vxnet;
  if (const auto server = desired_.lab.servers.find(node); server != desired_.lab.servers.end()) {
    vxnet = server->second.vxnet;
  } else if (const auto lb = desired_.lab.loadBalancers.find(node); lb != desired_.lab.loadBalancers.end()) {
    vxnet = lb->second.vxnet;
  }
  if (const auto found = desired_.lab.vxnets.find(vxnet); found != desired_.lab.vxnets.end()) {
    if (const auto gateway = found->second.cidr.at(1)) {
      out.witnesses.push_back({*gateway, 0, titleOf(found->second.vpc)});
    }
  }
  return out;
}

std::vector<check::HopSpec> CheckPlaces::hops(const std::vector<std::string>& nodes,
                                              const std::vector<std::string>& way) const {
  std::vector<net::IpAddr> taken;
  for (const auto& node : way) {
    const auto own = addressesOf(node);
    taken.insert(taken.end(), own.begin(), own.end());
  }
  std::vector<check::HopSpec> out;
  for (const auto& node : nodes) {
    auto own = addressesOf(node);
    if (std::find(way.begin(), way.end(), node) == way.end()) {
      own.erase(std::remove_if(
                    own.begin(), own.end(),
                    [&](net::IpAddr address) { return std::find(taken.begin(), taken.end(), address) != taken.end(); }),
                own.end());
    }
    out.push_back({titleOf(node), std::move(own)});
  }
  return out;
}

std::string CheckPlaces::nodeAt(const std::string& from, net::IpAddr address) const {
  for (const auto& [id, server] : desired_.lab.servers) {
    if (const auto eip = desired_.lab.eips.find(server.eip);
        eip != desired_.lab.eips.end() && eip->second.address == address) {
      return id;
    }
  }
  if (std::string holder = reach_.holder(from, address); !holder.empty()) {
    return holder;
  }
  // What lies in no vxnet: the public addresses of load balancers, the internet, the WANs.
  for (const auto& [id, node] : desired_.compiled.nodes) {
    const auto own = addressesOf(id);
    if (std::find(own.begin(), own.end(), address) != own.end()) {
      return id;
    }
  }
  return "";
}

std::string CheckPlaces::standIn(const std::string& from, const std::string& to) const {
  const auto found = reach_.standIn(from, to);
  return found ? found->text : "";
}

check::Target CheckPlaces::target(const std::string& from, const lab::Endpoint& endpoint, std::uint16_t port) const {
  check::Target out;
  std::string node = endpoint.node;
  if (endpoint.address) {
    node = nodeAt(from, *endpoint.address);
    out.address = *endpoint.address;
    out.title = out.address.toString();
    for (const auto& [id, eip] : desired_.lab.eips) {
      if (eip.address == out.address) {
        out.title = eip.title;
      }
    }
  } else {
    out.title = titleOf(node);
    if (const auto own = addressesOf(node); !own.empty()) {
      out.address = own.front();
    }
    out.standIn = standIn(from, node);
  }
  if (node.empty()) {
    return out;
  }
  out.alive = vantage(node);
  if (port != 0) {
    // From its own side a load balancer is asked at the address that was named; a server has its EIP only outside.
    const auto own = addressesOf(node);
    const bool ownAddress = std::find(own.begin(), own.end(), out.address) != own.end();
    out.alive->witnesses.push_back({ownAddress || own.empty() ? out.address : own.front(), port, titleOf(node)});
  }
  return out;
}

}  // namespace vpclab::daemon
