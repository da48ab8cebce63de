#pragma once

#include <optional>

#include "compile/compile.h"

namespace vpclab::compile {

// A lab as it was compiled before, by the same capabilities; all of it must outlive the call.
struct Former {
  const lab::Lab& lab;
  const Allocations& allocations;
  const Compiled& compiled;
};

// What compile() gives, made from what it gave for an earlier version: of a large lab that takes a third of the time,
// and most objects are owned by both. Nothing where more differs than a few servers, or more of these than their own
// namespace and cable go by: then compile() has to make all of it.
std::optional<Compiled> recompile(const Former& former, const lab::Lab& lab, const state::Capabilities& capabilities,
                                  const Allocations& allocations);

}  // namespace vpclab::compile
