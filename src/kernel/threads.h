#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace vpclab::kernel {

// Runs job(0) ... job(count - 1) on a few threads made for it, and returns when all are done. Only here are namespaces
// entered and made: such a thread ends with its job, so nothing has to find its way back, and the caller's threads
// never leave the host's namespace. Errors: kSystem, where not even one thread could be made; then no job has run.
// kInternal, where one has thrown (memory that runs out, above all), for which the others have run all the same.
base::Result<> onThreads(std::size_t count, const std::function<void(std::size_t)>& job);

// Opens a network namespace's pin. Errors: kNotFound; kInvalid where there is something else in its place.
base::Result<base::UniqueFd> openPin(const std::string& path);

// Moves the calling thread into the namespace. Only on threads of onThreads().
base::Result<> enter(const base::UniqueFd& netns, const std::string& name);

// Moves it into the one behind a pin. Errors: as openPin(). Only on threads of onThreads().
base::Result<> enterPin(const std::string& path);

// Puts the calling thread into a new network namespace, which lives as long as something refers to it, and returns it.
// Only on threads of onThreads().
base::Result<base::UniqueFd> makeNetns();

}  // namespace vpclab::kernel
