#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "state/key.h"
#include "state/link.h"
#include "state/netns.h"
#include "state/process.h"
#include "state/routing.h"

namespace vpclab::state {

using Object = std::variant<Netns, Sysctl, Bridge, Vrf, Veth, WgDevice, Address, Rule, Route, Neighbours, Qdisc,
                            NftTable, Process>;

Key keyOf(const Object& object);

// Why a desired object exists: the cloud object it comes from, and where the file says so. Not compared.
struct Origin {
  std::string noun;     // "vpc bj-vpc1", "route policy bjvxnet1-bjvxnet2 of vpc bj-vpc1"
  base::SourcePos pos;  // may be empty
  // Of single fields that have a place of their own: the beginning of the field's name (plan/fields.h) -> place.
  std::vector<std::pair<std::string, base::SourcePos>> parts = {};
};

struct Entry {
  Object object;
  Origin origin;
};

// The kernel objects of one lab: desired (from compile) or observed (from the kernel). Ordered, so that everything made
// from it is deterministic.
class State {
 public:
  // Takes the object in its normalised form; an object with the same key is replaced.
  void add(Object object, Origin origin = {});
  void remove(const Key& key) { entries_.erase(key); }
  // Of objects that both have.
  void adoptOrigins(State&& from);
  const Entry* find(const Key& key) const;
  template <class T>
  const T* get(const Key& key) const {
    const Entry* entry = find(key);
    return entry == nullptr ? nullptr : std::get_if<T>(&entry->object);
  }
  const std::map<Key, Entry>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }

  // Objects only; origins are not compared.
  bool operator==(const State& other) const;

 private:
  std::map<Key, Entry> entries_;
};

// The one form in which an object is compared: lists sorted where order means nothing, defaults filled in, ends
// ordered. Idempotent. Used by State::add for desired and observed alike, so that no false difference can arise.
Object normalise(Object object);

}  // namespace vpclab::state
