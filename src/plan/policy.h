#pragma once

#include <span>
#include <string_view>

#include "plan/plan.h"

namespace vpclab::plan {

// What becomes of an object when one of its properties changes.
struct Policy {
  state::Kind kind;
  // As in fields.h. A '*' at its end stands for what differs from object to object: a key, a name, a rule's text.
  std::string_view property;
  Change change;             // kUpdate or kReplace
  bool identity;             // it is by this that the object is known: another value is another object
  std::string_view because;  // what in the kernel, or in a program of ours, decides it
};

// The one table, complete: every property of every kind has exactly one line.
std::span<const Policy> policies();

// The line for a field of an object of that kind; null: there is none.
const Policy* policyOf(state::Kind kind, std::string_view field);

}  // namespace vpclab::plan
