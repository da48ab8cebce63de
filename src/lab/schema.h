#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace vpclab::lab {

// What a value must look like. The texts of scalars are parsed in scalars.h.
enum class Type : std::uint8_t {
  kLine,       // one line of UTF-8
  kText,       // any number of lines
  kReference,  // the id or the title of another object
  kChoice,     // one of a few words
  kAddress,    // 172.16.1.2
  kNetwork,    // 172.16.1.0/24, host bits zero
  kTarget,     // an address, or a reference
  kInteger,
  kBool,
  kBandwidth,       // 10mbit
  kDuration,        // 200ms, 10s
  kSize,            // 15kb
  kDelay,           // 20ms, 500us
  kLoss,            // 1%
  kDelayRange,      // 40ms..60ms, ..60ms, 40ms..
  kLossRange,       // 5%..15%
  kBandwidthRange,  // 8mbit..10mbit
  kPath,            // of a file, relative to the lab file
  kList,
  kMap,
  kScalarOrMap,
  kReferenceOrMap,
};

struct Field {
  std::string_view key;
  Type type;
  bool required = false;
  std::int64_t min = 0;  // of integers; of bandwidths in bit/s, durations in ms, sizes in bytes, delays in us, losses
                         // in millionths
  std::int64_t max = 0;
  std::span<const std::string_view> choices = {};
  std::string_view hint = {};  // what to write where it is missing
};

// The keys that one kind of map takes. This is the one place that knows them: what is not here is an unknown key, and
// labs/README.md is tested against it.
struct Shape {
  std::string_view what;  // "a server", for messages
  std::span<const Field> fields;
};

extern const Shape kLabShape;
extern const Shape kRegionShape;
extern const Shape kVpcShape;
extern const Shape kPolicyShape;
extern const Shape kVxnetShape;
extern const Shape kServerShape;
extern const Shape kHttpPageShape;
extern const Shape kPrivateFileShape;
extern const Shape kBorderRouterShape;
extern const Shape kDomainShape;
extern const Shape kJoinShape;
extern const Shape kStaticRouteShape;
extern const Shape kSdwanShape;
extern const Shape kAccessPointShape;
extern const Shape kEipShape;
extern const Shape kLoadBalancerShape;
extern const Shape kListenerShape;
extern const Shape kHealthCheckShape;
extern const Shape kBackendShape;
extern const Shape kStickinessShape;
extern const Shape kPoolShape;
extern const Shape kForwardRuleShape;
extern const Shape kHeaderConditionShape;
extern const Shape kRedirectShape;
extern const Shape kRouteTableShape;
extern const Shape kTableRouteShape;
extern const Shape kCheckShape;
extern const Shape kPingCheckShape;
extern const Shape kPingExpectShape;
extern const Shape kPathCheckShape;
extern const Shape kBackendCheckShape;
extern const Shape kHttpCheckShape;
extern const Shape kHttpExpectShape;
extern const Shape kThroughputCheckShape;
extern const Shape kLossCheckShape;
extern const Shape kTunnelCheckShape;

std::span<const Shape* const> allShapes();

}  // namespace vpclab::lab
