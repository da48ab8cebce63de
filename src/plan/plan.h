#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "state/state.h"

namespace vpclab::plan {

// What happens to one object. A replacement is a delete and a create of the same key.
enum class Action : std::uint8_t { kCreate, kUpdate, kDelete };

std::string_view nameOf(Action action);  // "create", "update", "delete"

// Whether a difference can be changed in place, kind by kind; see policy.h for the table.
enum class Change : std::uint8_t { kNone, kUpdate, kReplace };

// One step: inert data, which owns its objects together with the States that it was made from. A step whose dependency
// failed is skipped.
struct Step {
  Action action = Action::kCreate;
  state::Key key;
  state::ObjectPtr before;    // kUpdate, kDelete; otherwise null
  state::ObjectPtr after;     // kCreate, kUpdate; otherwise null
  bool replacement = false;   // one half of a replacement
  bool formerly = false;      // `origin` is of what was wanted before
  base::SharedString reason;  // "missing", "mtu 1500 -> 1400", "not wanted any more", "its netns is replaced"
  state::OriginPtr origin = state::noOrigin();  // of the desired object; see nameDeletions() for what is not desired
  base::SharedString disturbs;                  // what it does to traffic that is there; see disturbance.h
  // The deletion that takes along what has this key now. Should it fail, that is still in the way. Null: none.
  std::shared_ptr<const state::Key> clearedBy;
};

struct Plan {
  std::vector<Step> steps;  // in an order that the kernel accepts: deletions in reverse tier, then creations in tier

  bool empty() const { return steps.empty(); }
};

// What must be done to get from observed to desired. Pure and deterministic: diff(x, x) is empty. An object that dies
// with another one that the plan deletes (everything in a namespace, both ends of a veth) gets no step of its own.
Plan diff(const state::State& desired, const state::State& observed);

// Gives the deletions of what is not wanted any more their origin: what `before`, desired until now, says of it.
// Returns whether it knows of all of them.
bool nameDeletions(Plan& plan, const state::State& before);

// How `observed` must change to be `desired`; both have the same key.
Change compare(const state::Object& desired, const state::Object& observed);

// The fields in which two objects of one kind differ, as "mtu 1500 -> 1400", comma separated.
std::string describeDifference(const state::Object& desired, const state::Object& observed);

}  // namespace vpclab::plan
