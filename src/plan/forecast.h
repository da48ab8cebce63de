#pragma once

#include <map>
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
  // What will be there after the deletions.
  state::State after;

  bool goes(const state::Key& key) const { return doomed.count(key) != 0 || implied.count(key) != 0; }
};

Forecast forecastDeletions(const state::State& desired, const state::State& observed);

// The kernel's own doing when `object`, desired, takes the place of what `now` holds; changes `now` accordingly.
void forecastWrite(const state::Object& object, state::State& now);
// Whether the object with this key may become another one that way before it has its turn, on the way from `now` to
// what is desired.
bool followsWrite(const state::Key& key, const state::State& desired, const state::State& now);

}  // namespace vpclab::plan
