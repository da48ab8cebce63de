#pragma once

#include "base/result.h"
#include "state/state.h"

// What the fake kernel knows of the real one, as functions on a state.
namespace vpclab::tests {

// Whether the kernel would take the object: everything that it needs is there, its name is free.
base::Result<> admits(const state::State& world, const state::Object& object);
// Whether the kernel can change `before` into `after` in place.
base::Result<> admitsChange(const state::State& world, const state::Object& before, const state::Object& after);

// What is written to parameters that are there, with what it changes beside.
void writeParameters(state::State& world, const state::Sysctls& place, const state::Parameters& written);
// What comes or changes by itself when the object is there.
void afterWrite(state::State& world, const state::Object* before, const state::Object& after);
// What goes or changes by itself when the object is gone.
void afterRemoval(state::State& world, const state::Object& gone);

}  // namespace vpclab::tests
