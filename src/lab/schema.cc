#include "lab/schema.h"

#include <array>

#include "lab/lab.h"

namespace vpclab::lab {
namespace {

constexpr std::int64_t kMinBandwidth = 8'000;            // below, one packet takes more than a second
constexpr std::int64_t kMaxBandwidth = 100'000'000'000;  // bit/s
constexpr std::int64_t kMaxWithin = 600'000;             // ms
constexpr std::int64_t kMaxPort = 65535;

constexpr std::array<std::string_view, 2> kRestarts{"always", "never"};
constexpr std::array<std::string_view, 2> kTableUsers{"load_balancer", "vxnet"};
constexpr std::array<std::string_view, 2> kProtocols{"http", "tcp"};
constexpr std::array<std::string_view, 3> kBalances{"roundrobin", "leastconn", "source"};
constexpr std::array<std::string_view, 3> kStickinesses{"insert", "prefix", "rewrite"};
constexpr std::array<std::string_view, 5> kRedirectStatuses{"301", "302", "303", "307", "308"};
constexpr std::array<std::string_view, 2> kHealthChecks{"tcp", "http"};
constexpr std::array<std::string_view, 4> kBackendStates{"up", "down", "disabled", "drain"};
constexpr std::array<std::string_view, 3> kConnections{"new", "keep-alive", "parallel"};

constexpr std::int64_t kMaxDelay = 60'000'000;  // us
constexpr std::int64_t kAll = 1'000'000;        // of a loss

constexpr Field bandwidth(std::string_view key) {
  return {key, Type::kBandwidth, false, kMinBandwidth, kMaxBandwidth};
}
constexpr Field delay(std::string_view key) {
  return {key, Type::kDelay, false, 0, kMaxDelay};
}
constexpr Field loss() {
  return {"loss", Type::kLoss, false, 0, kAll};
}
constexpr Field within() {
  return {"within", Type::kDuration, false, 100, kMaxWithin};
}

constexpr std::array kLabFields{
    Field{"lab", Type::kLine, true, 0, 0, {}, "its name, as in `lab: cross-region`"},
    Field{"title", Type::kLine},
    Field{"section", Type::kLine},
    Field{"restart", Type::kChoice, false, 0, 0, kRestarts},
    Field{"extends", Type::kLine},  // lab/extends.cc has taken it out before; for what is said of a wrong key
    Field{"regions", Type::kMap},
    Field{"vpcs", Type::kMap},
    Field{"vxnets", Type::kMap},
    Field{"servers", Type::kMap},
    Field{"border_routers", Type::kMap},
    Field{"sdwan", Type::kMap},
    Field{"eips", Type::kMap},
    Field{"load_balancers", Type::kMap},
    Field{"route_tables", Type::kMap},
    Field{"checks", Type::kList},
};
constexpr std::array kRegionFields{Field{"title", Type::kLine}};
constexpr std::array kVpcFields{
    Field{"title", Type::kLine},
    Field{"region", Type::kReference, true},
    Field{"cidr", Type::kNetwork, true, 0, 0, {}, "its range, as in `cidr: 172.16.0.0/16`"},
    Field{"route_policies", Type::kList},
};
constexpr std::array kPolicyFields{
    Field{"name", Type::kLine},
    Field{"to", Type::kNetwork, true},
    Field{"via", Type::kReference, true},
};
constexpr std::array kVxnetFields{
    Field{"title", Type::kLine},
    Field{"vpc", Type::kReference, true},
    Field{"cidr", Type::kNetwork, true, 0, 0, {}, "its range, as in `cidr: 172.16.0.0/16`"},
    Field{"route_table", Type::kReference},
};
constexpr std::array kServerFields{
    Field{"title", Type::kLine},
    Field{"vxnet", Type::kReference, true},
    Field{"address", Type::kAddress},
    Field{"http", Type::kMap},
    Field{"run", Type::kList},
    Field{"document_root", Type::kLine},
    Field{"files", Type::kMap},
    Field{"eip", Type::kReference},
    delay("delay"),
    delay("jitter"),
    loss(),
    bandwidth("rate"),
};
constexpr std::array kHttpPageFields{
    Field{"port", Type::kInteger, false, 1, kMaxPort},
    Field{"page", Type::kPath},
    Field{"size", Type::kSize, false, 1024, 1024 * 1024},
};
constexpr std::array kPrivateFileFields{Field{"text", Type::kText, true}};
constexpr std::array kBorderRouterFields{
    Field{"title", Type::kLine},  Field{"region", Type::kReference, true},
    Field{"vxnets", Type::kList}, Field{"routes", Type::kList},
    Field{"domains", Type::kMap},
};
constexpr std::array kDomainFields{
    Field{"vxnets", Type::kList},
    Field{"routes", Type::kList},
};
constexpr std::array kJoinFields{
    Field{"vxnet", Type::kReference, true},
    Field{"address", Type::kAddress},
};
constexpr std::array kStaticRouteFields{
    Field{"name", Type::kLine},
    Field{"to", Type::kNetwork, true},
    Field{"via", Type::kAddress, true},
};
constexpr std::array kSdwanFields{
    Field{"title", Type::kLine},
    Field{"access_points", Type::kMap},
};
constexpr std::array kAccessPointFields{
    Field{"title", Type::kLine},
    Field{"region", Type::kReference, true},
    Field{"border_router",
          Type::kReference,
          true,
          0,
          0,
          {},
          "an access point is attached to a border router of its region"},
    Field{"domain", Type::kLine},
    bandwidth("bandwidth"),
    delay("delay"),
    delay("jitter"),
    loss(),
    bandwidth("rate"),
};
constexpr std::array kEipFields{
    Field{"title", Type::kLine},
    Field{"region", Type::kReference, true},
    Field{"address", Type::kAddress, true, 0, 0, {}, "a public one, as in `address: 139.198.18.135`"},
    bandwidth("bandwidth"),
};
constexpr std::array kLoadBalancerFields{
    Field{"title", Type::kLine}, Field{"vxnet", Type::kReference, true}, Field{"address", Type::kAddress},
    Field{"eips", Type::kList},  Field{"route_table", Type::kReference}, Field{"listeners", Type::kMap},
};
// Ranges: the cloud's own, shared by every listener of a load balancer.
constexpr std::array kListenerFields{
    Field{"title", Type::kLine},
    Field{"protocol", Type::kChoice, false, 0, 0, kProtocols},
    Field{"port", Type::kInteger, true, 1, kMaxPort},
    Field{"balance", Type::kChoice, false, 0, 0, kBalances},
    Field{"health_check", Type::kMap},
    Field{"stickiness", Type::kMap},
    Field{"connect_timeout", Type::kDuration, false, 100, 60'000},
    Field{"header_timeout", Type::kDuration, false, 1'000, 300'000},
    Field{"idle_timeout", Type::kDuration, false, 1'000, 86'400'000},
    Field{"tunnel_timeout", Type::kDuration, false, 10'000, 86'400'000},
    Field{"queue_timeout", Type::kDuration, false, 100, 300'000},
    Field{"max_connections", Type::kInteger, false, 1, 20'000},
    Field{"header_size", Type::kSize, false, 1024, 127 * 1024},
    Field{"forwarded_for", Type::kBool},
    Field{"forwarded_proto", Type::kBool},
    Field{"forwarded_id", Type::kBool},
    Field{"forwarded_address", Type::kBool},
    Field{"via", Type::kBool},
    Field{"backends", Type::kList},
    Field{"pools", Type::kMap},
    Field{"rules", Type::kList},
};
constexpr std::array kStickinessFields{
    Field{"mode", Type::kChoice, true, 0, 0, kStickinesses, "`insert`, `prefix` or `rewrite`"},
    Field{"cookie", Type::kLine},
    Field{"timeout", Type::kDuration, false, 1'000, std::int64_t{30} * 86'400'000},
};
constexpr std::array kPoolFields{
    Field{"balance", Type::kChoice, false, 0, 0, kBalances},
    Field{"backends", Type::kList, true},
};
constexpr std::array kForwardRuleFields{
    Field{"host", Type::kLine},    Field{"path", Type::kLine},      Field{"path_prefix", Type::kLine},
    Field{"header", Type::kMap},   Field{"source", Type::kNetwork}, Field{"pool", Type::kLine},
    Field{"redirect", Type::kMap},
};
constexpr std::array kHeaderConditionFields{
    Field{"name", Type::kLine, true},
    Field{"value", Type::kLine},
};
constexpr std::array kRedirectFields{
    Field{"status", Type::kChoice, false, 0, 0, kRedirectStatuses},
    Field{"location", Type::kLine},
    Field{"prefix", Type::kLine},
};
constexpr std::array kHealthCheckFields{
    Field{"type", Type::kChoice, false, 0, 0, kHealthChecks},
    Field{"path", Type::kLine},
    Field{"host", Type::kLine},
    Field{"interval", Type::kDuration, false, 2'000, 60'000},
    Field{"timeout", Type::kDuration, false, 5'000, 300'000},
    Field{"fall", Type::kInteger, false, 2, 10},
    Field{"rise", Type::kInteger, false, 2, 10},
    Field{"passive", Type::kBool},
};
constexpr std::array kBackendFields{
    Field{"server", Type::kReference},
    Field{"address", Type::kAddress},
    Field{"port", Type::kInteger, true, 1, kMaxPort},
    Field{"weight", Type::kInteger, false, 0, 100},
    Field{"disabled", Type::kBool},
    Field{"backup", Type::kBool},
    Field{"max_connections", Type::kInteger, false, 1, 20'000},
};
constexpr std::array kRouteTableFields{
    Field{"title", Type::kLine},
    Field{"for", Type::kChoice, true, 0, 0, kTableUsers, "`for: load_balancer` or `for: vxnet`"},
    Field{"routes", Type::kList},
};
constexpr std::array kTableRouteFields{
    Field{"name", Type::kLine},
    Field{"to", Type::kNetwork, true},
    Field{"via", Type::kTarget, true},
    Field{"disabled", Type::kBool},
};
constexpr std::array kCheckFields{
    Field{"title", Type::kLine},  Field{"ping", Type::kMap},   Field{"path", Type::kMap},
    Field{"backend", Type::kMap}, Field{"http", Type::kMap},   Field{"throughput", Type::kMap},
    Field{"loss", Type::kMap},    Field{"tunnel", Type::kMap},
};
constexpr std::array kPingCheckFields{
    Field{"from", Type::kReference, true},
    Field{"to", Type::kTarget, true},
    Field{"times", Type::kInteger, false, 1, 10'000},
    Field{"expect", Type::kScalarOrMap},
    within(),
};
constexpr std::array kPingExpectFields{
    Field{"rtt", Type::kDelayRange, false, 0, 2 * kMaxDelay},
    Field{"loss", Type::kLossRange, false, 0, kAll},
};
constexpr std::array kPathCheckFields{
    Field{"from", Type::kReference, true},
    Field{"to", Type::kTarget, true},
    Field{"through", Type::kList, true},
    within(),
};
constexpr std::array kBackendCheckFields{
    Field{"load_balancer", Type::kReference, true},
    Field{"listener", Type::kReference, true},
    Field{"server", Type::kReference},
    Field{"address", Type::kAddress},
    Field{"expect", Type::kChoice, true, 0, 0, kBackendStates},
    Field{"reason", Type::kLine},
    within(),
};
constexpr std::array kHttpCheckFields{
    Field{"from", Type::kReference, true},
    Field{"url", Type::kLine, true},
    Field{"times", Type::kInteger, false, 1, kMaxHttpTimes},
    Field{"connections", Type::kChoice, false, 0, 0, kConnections},
    Field{"expect", Type::kScalarOrMap},
    within(),
};
constexpr std::array kThroughputCheckFields{
    Field{"from", Type::kReference, true},
    Field{"to", Type::kReference, true},
    Field{"expect", Type::kBandwidthRange, true, 0, kMaxBandwidth, {}, "a range, as in `expect: 8mbit..10mbit`"},
    Field{"time", Type::kDuration, false, 500, 30'000},
    within(),
};
constexpr std::array kLossCheckFields{
    Field{"from", Type::kReference, true},
    Field{"to", Type::kReference, true},
    Field{"expect", Type::kLossRange, true, 0, kAll, {}, "a range, as in `expect: 5%..15%`"},
    Field{"packets", Type::kInteger, false, 10, 20'000},
    within(),
};
constexpr std::array kTunnelCheckFields{
    Field{"access_point", Type::kReference, true},
    Field{"to", Type::kReference},
    Field{"handshake", Type::kDuration, true, 1'000, 3'600'000, {}, "its age, at most, as in `handshake: 3m`"},
    within(),
};
constexpr std::array kHttpExpectFields{
    Field{"status", Type::kInteger, false, 100, 599},
    Field{"page", Type::kReference},
    Field{"rotation", Type::kList},
    Field{"share", Type::kMap},
};

}  // namespace

const Shape kLabShape{"a lab", kLabFields};
const Shape kRegionShape{"a region", kRegionFields};
const Shape kVpcShape{"a VPC", kVpcFields};
const Shape kPolicyShape{"a route policy", kPolicyFields};
const Shape kVxnetShape{"a vxnet", kVxnetFields};
const Shape kServerShape{"a server", kServerFields};
const Shape kHttpPageShape{"`http` of a server", kHttpPageFields};
const Shape kPrivateFileShape{"a file of a server", kPrivateFileFields};
const Shape kBorderRouterShape{"a border router", kBorderRouterFields};
const Shape kDomainShape{"a routing domain", kDomainFields};
const Shape kJoinShape{"a joined vxnet", kJoinFields};
const Shape kStaticRouteShape{"a route", kStaticRouteFields};
const Shape kSdwanShape{"an SD-WAN", kSdwanFields};
const Shape kAccessPointShape{"an access point", kAccessPointFields};
const Shape kEipShape{"an EIP", kEipFields};
const Shape kLoadBalancerShape{"a load balancer", kLoadBalancerFields};
const Shape kListenerShape{"a listener", kListenerFields};
const Shape kHealthCheckShape{"a health check", kHealthCheckFields};
const Shape kBackendShape{"a backend", kBackendFields};
const Shape kStickinessShape{"`stickiness` of a listener", kStickinessFields};
const Shape kPoolShape{"a pool", kPoolFields};
const Shape kForwardRuleShape{"a rule", kForwardRuleFields};
const Shape kHeaderConditionShape{"`header` of a rule", kHeaderConditionFields};
const Shape kRedirectShape{"`redirect` of a rule", kRedirectFields};
const Shape kRouteTableShape{"a route table", kRouteTableFields};
const Shape kTableRouteShape{"a route", kTableRouteFields};
const Shape kCheckShape{"a check", kCheckFields};
const Shape kPingCheckShape{"a ping check", kPingCheckFields};
const Shape kPingExpectShape{"`expect` of a ping check", kPingExpectFields};
const Shape kThroughputCheckShape{"a throughput check", kThroughputCheckFields};
const Shape kLossCheckShape{"a loss check", kLossCheckFields};
const Shape kTunnelCheckShape{"a tunnel check", kTunnelCheckFields};
const Shape kPathCheckShape{"a path check", kPathCheckFields};
const Shape kBackendCheckShape{"a backend check", kBackendCheckFields};
const Shape kHttpCheckShape{"an http check", kHttpCheckFields};
const Shape kHttpExpectShape{"`expect` of an http check", kHttpExpectFields};

std::span<const Shape* const> allShapes() {
  static constexpr std::array<const Shape*, 36> kAll{
      &kLabShape,          &kRegionShape,      &kVpcShape,         &kPolicyShape,          &kVxnetShape,
      &kServerShape,       &kHttpPageShape,    &kPrivateFileShape, &kBorderRouterShape,    &kDomainShape,
      &kJoinShape,         &kStaticRouteShape, &kSdwanShape,       &kAccessPointShape,     &kEipShape,
      &kLoadBalancerShape, &kListenerShape,    &kHealthCheckShape, &kBackendShape,         &kRouteTableShape,
      &kTableRouteShape,   &kCheckShape,       &kPingCheckShape,   &kPathCheckShape,       &kBackendCheckShape,
      &kHttpCheckShape,    &kHttpExpectShape,  &kPingExpectShape,  &kThroughputCheckShape, &kLossCheckShape,
      &kTunnelCheckShape,  &kStickinessShape,  &kPoolShape,        &kForwardRuleShape,     &kHeaderConditionShape,
      &kRedirectShape,
  };
  return kAll;
}

}  // namespace vpclab::lab
