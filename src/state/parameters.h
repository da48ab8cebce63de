#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_string.h"
#include "state/key.h"

namespace vpclab::state {

// A kernel parameter under /proc/sys/net with its value: ip-sysctl in the kernel's documentation. Paths are always
// written with slashes, so that a dot in an interface's name is harmless.
struct Parameter {
  base::SharedString path;  // relative to /proc/sys: "net/ipv4/conf/all/send_redirects"
  base::SharedString value;

  bool operator==(const Parameter&) const = default;
};

// Parameters in the order in which they are written, no path twice. Copies own one list together, as most namespaces of
// a lab have the same parameters.
class Parameters {
 public:
  Parameters() = default;
  explicit Parameters(std::vector<Parameter> list);  // in any order; of equal paths the last one counts

  auto begin() const { return list().begin(); }
  auto end() const { return list().end(); }
  bool empty() const { return list().empty(); }
  std::size_t size() const { return list().size(); }
  const base::SharedString* find(const std::string& path) const;  // its value; nullptr: it is not among them

  friend bool operator==(const Parameters& x, const Parameters& y) {
    return x.list_ == y.list_ || x.list() == y.list();
  }

 private:
  const std::vector<Parameter>& list() const;

  std::shared_ptr<const std::vector<Parameter>> list_;  // null: none
};

// What a lab has to say of a namespace's parameters, or of those of one of its links. What it does not name has no
// value that it should have.
struct Sysctls {
  base::SharedString netns;
  base::SharedString link;  // whose they are, net/ipv4/conf/LINK/...; empty: the namespace's own
  Parameters parameters;

  bool operator==(const Sysctls&) const = default;
  Key key() const { return {Kind::kSysctl, "", netns, link}; }
};

// Whether each parameter that is wanted is there with its value.
bool hasAll(const Sysctls& have, const Sysctls& want);
// Of those that are there the ones that are wanted, whatever their values.
Sysctls onlyWanted(const Sysctls& have, const Sysctls& want);

// What every new namespace has: of these nothing is inherited from the host (icmp_sk_init).
const Parameters& ofNewNamespace();

// The parameters to write, in this order, where there is `before`; nullptr: in a new namespace, or on a new link.
Parameters toWrite(const Sysctls& want, const Sysctls* before);

inline constexpr const char* kIpForward = "net/ipv4/ip_forward";
inline constexpr const char* kFwmarkReflect = "net/ipv4/fwmark_reflect";
inline constexpr const char* kIcmpErrorsByInbound = "net/ipv4/icmp_errors_use_inbound_ifaddr";
inline constexpr const char* kIcmpRateLimit = "net/ipv4/icmp_ratelimit";

}  // namespace vpclab::state
