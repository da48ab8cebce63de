#pragma once

#include <map>
#include <span>
#include <string>

#include "state/state.h"

namespace vpclab::plan {

// Which observed objects must go, and what the kernel takes along or changes when they do.
//
// Not every desired object that was observed may stay: a tunnel whose socket's namespace is replaced is deaf, a route
// through an address that is replaced may or may not survive (fib_sync_down_addr looks at the main table only). Such
// objects are taken out explicitly and made again, so that the outcome does not depend on the kernel's mood.
struct Forecast {
  // To delete by a step: key -> reason.
  std::map<state::Key, std::string> doomed;
  // What disappears by itself: key -> the key of the object that takes it along.
  std::map<state::Key, state::Key> implied;
  // What stays, but as another object: of parameters, only those that are wanted.
  state::State altered;

  bool goes(const state::Key& key) const { return doomed.count(key) != 0 || implied.count(key) != 0; }
  // What will be there after the deletions, of what was `observed`; null: nothing.
  const state::Entry* after(const state::Key& key, const state::State& observed) const {
    const state::Entry* other = goes(key) ? nullptr : altered.find(key);
    return other != nullptr || goes(key) ? other : observed.find(key);
  }
};

// An object that is not observed as it is desired; one of the two may be null. In a large lab few are, most of the
// time, so what is about the others is not looked at more than once.
struct Difference {
  const state::Entry* want;
  const state::Entry* have;

  const state::Key& key() const { return (want != nullptr ? want : have)->key(); }
};

// `differences`: all there are between what is desired and `observed`.
Forecast forecastDeletions(const state::State& observed, std::span<const Difference> differences);

}  // namespace vpclab::plan
