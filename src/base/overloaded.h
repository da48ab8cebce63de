#pragma once

namespace vpclab::base {

// std::visit over lambdas, one per alternative.
template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
// C++20 deduces this by itself; clang 14, which clang-tidy runs on, does not yet.
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace vpclab::base
