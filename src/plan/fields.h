#pragma once

#include <string>
#include <utility>
#include <vector>

#include "state/state.h"

namespace vpclab::plan {

// The managed fields of an object as text, for people: ("mtu", "1500"). A name occurs once. Private keys, pages and
// files never appear: a key shows as its public half, content as its size and a hash.
using Fields = std::vector<std::pair<std::string, std::string>>;

Fields fieldsOf(const state::Object& object);

// The names of the fields in which two objects of one kind differ, or that only one of them has.
std::vector<std::string> differingFields(const state::Object& desired, const state::Object& observed);

// The object on one line, without its namespace: "veth eth0 <-> switch.pek3/bj-server1", "route default via ...".
std::string describe(const state::Object& object);

std::string_view nameOf(state::RouteType type);  // "unicast", "local", ...

// "10mbit", "1500bit": a rate as tc(8) reads it.
std::string rateText(std::uint64_t bitsPerSecond);

}  // namespace vpclab::plan
