#pragma once

#include "lab/context.h"
#include "lab/tree.h"

// The cloud nouns, a file for each. parse*() reads one object into the lab and tells what is wrong with it alone;
// validate*() looks at all of a kind, among the others, once everything is parsed.
namespace vpclab::lab {

// In this order; each relies on the ones before it.
void parseRegion(Context& context, const Names::Named& self, const Value& value);
void parseVpc(Context& context, const Names::Named& self, const Value& value);
void parseVxnet(Context& context, const Names::Named& self, const Value& value);
void parseBorderRouter(Context& context, const Names::Named& self, const Value& value);
void parseEip(Context& context, const Names::Named& self, const Value& value);
void parseServer(Context& context, const Names::Named& self, const Value& value);
void parseSdwan(Context& context, const Names::Named& self, const Value& value);
void parseRouteTable(Context& context, const Names::Named& self, const Value& value);
void parseLoadBalancer(Context& context, const Names::Named& self, const Value& value);
void parseChecks(Context& context, const std::vector<ValuePtr>& checks);

void validateVpcs(Context& context);
void validateVxnets(Context& context);
void validateBorderRouters(Context& context);
void validateSdwans(Context& context);
void validateEips(Context& context);
void validateRouteTables(Context& context);
// Of everything that has an address in a vxnet.
void validateAddresses(Context& context);

// What every noun begins with.
void nameNoun(Noun& noun, const Names::Named& self);

// The region that the object's vxnet is in; empty if that could not be read.
std::string regionOfVxnet(const Lab& lab, const std::string& vxnet);
// "bj-vxnet1 (北京演示vxnet1)", for messages.
std::string called(const Noun& noun);

}  // namespace vpclab::lab
