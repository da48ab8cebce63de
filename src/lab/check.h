#pragma once

#include "lab/context.h"
#include "lab/object.h"

namespace vpclab::lab {

// `from` of a check: a server, a load balancer, a VPC (its router) or the internet's client.
Endpoint parseProber(const Object& object);
// `to` of a check: a server, a load balancer, the internet's client, an EIP (which becomes its address), an address.
Endpoint parseTarget(Context& context, const Object& object);

PingCheck parsePingCheck(Context& context, const Value& value);
ThroughputCheck parseThroughputCheck(Context& context, const Value& value);
LossCheck parseLossCheck(Context& context, const Value& value);
TunnelCheck parseTunnelCheck(Context& context, const Value& value);
HttpCheck parseHttpCheck(Context& context, const Value& value);

}  // namespace vpclab::lab
