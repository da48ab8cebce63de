#include <type_traits>

#include "plan/plan.h"

namespace vpclab::plan {

namespace {

using namespace vpclab::state;

// The one table of what can be changed in place. Each line answers for one kind, given that the two differ; what is not
// an identity of the object for the kernel, nor fixed at its creation, is an update.
//
//   kind       in place                         only by replacing it
//   netns      place of the local rule          -
//   sysctl     value                            -
//   bridge     MAC, MTU, up                     -
//   vrf        up                               table (IFLA_VRF_TABLE is read at creation only)
//   veth       MAC, MTU, up, masters            the place or name of its far end
//   wireguard  all that wg(8) sets, MTU, master the namespace of its socket, its implementation
//   address    -                                flags (inet_rtm_newaddr changes lifetimes and metric only)
//   rule       -                                everything (there is no RTM_NEWRULE that replaces)
//   route      everything but its key           -
//   qdisc      everything                       -
//   nft-table  the rules, in one transaction    -
//   process    its configuration                what kind of program it is
struct Policy {
  static Change of(const Netns&, const Netns&) { return Change::kUpdate; }
  static Change of(const Sysctl&, const Sysctl&) { return Change::kUpdate; }
  static Change of(const Bridge&, const Bridge&) { return Change::kUpdate; }
  static Change of(const Vrf& d, const Vrf& o) { return replaceIf(d.table != o.table); }
  static Change of(const Veth& d, const Veth& o) { return replaceIf(d.b.netns != o.b.netns || d.b.name != o.b.name); }
  static Change of(const WgDevice& d, const WgDevice& o) {
    return replaceIf(d.socketNetns != o.socketNetns || d.implementation != o.implementation);
  }
  static Change of(const Address&, const Address&) { return Change::kReplace; }
  static Change of(const Rule&, const Rule&) { return Change::kReplace; }
  static Change of(const Route&, const Route&) { return Change::kUpdate; }
  static Change of(const Qdisc&, const Qdisc&) { return Change::kUpdate; }
  static Change of(const NftTable&, const NftTable&) { return Change::kUpdate; }
  static Change of(const Process& d, const Process& o) { return replaceIf(d.spec.index() != o.spec.index()); }

 private:
  static Change replaceIf(bool condition) { return condition ? Change::kReplace : Change::kUpdate; }
};

}  // namespace

Change compare(const Object& desired, const Object& observed) {
  if (desired == observed) {
    return Change::kNone;
  }
  return std::visit(
      [](const auto& d, const auto& o) {
        if constexpr (std::is_same_v<decltype(d), decltype(o)>) {
          return Policy::of(d, o);
        } else {
          return Change::kReplace;
        }
      },
      desired, observed);
}

}  // namespace vpclab::plan
