#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/plan.h"

namespace vpclab::plan {

// For each step of a plan, the earlier steps without which it cannot succeed, by index, sorted. All in two lists: one
// for each step would be most of what it takes to carry out a large plan.
class Dependencies {
 public:
  explicit Dependencies(const Plan& plan);

  std::span<const std::uint32_t> of(std::size_t step) const {
    return std::span(needs_).subspan(begins_[step], begins_[step + 1] - begins_[step]);
  }

 private:
  std::vector<std::uint32_t> begins_;  // in `needs_`, for each step, and its end
  std::vector<std::uint32_t> needs_;
};

}  // namespace vpclab::plan
