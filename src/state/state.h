#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
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

// The kind of the objects of one type: both are listed in the same order.
template <class T, class... Ts>
constexpr Kind kindIn(const std::variant<Ts...>*) {
  std::size_t index = 0;
  static_cast<void>(((std::is_same_v<T, Ts> || (++index, false)) || ...));
  return static_cast<Kind>(index);
}
template <class T>
inline constexpr Kind kKindOf = kindIn<T>(static_cast<const Object*>(nullptr));

// Why a desired object exists: the cloud object it comes from, and where the file says so. Not compared.
struct Origin {
  std::string noun;     // "vpc bj-vpc1", "route policy bjvxnet1-bjvxnet2 of vpc bj-vpc1"
  base::SourcePos pos;  // may be empty
  // Of single fields that have a place of their own: the beginning of the field's name (plan/fields.h) -> place.
  std::vector<std::pair<std::string, base::SourcePos>> parts = {};

  bool operator==(const Origin&) const = default;
};

// An object is never changed, so that States, plans and their steps can own it together; and neither is an origin,
// which is that of most objects of a noun. Neither is ever null.
using ObjectPtr = std::shared_ptr<const Object>;
using OriginPtr = std::shared_ptr<const Origin>;
OriginPtr noOrigin();

struct Entry {
  ObjectPtr object;
  OriginPtr origin;
};

// Whether two entries have equal objects: at once, where they own one together.
inline bool isAlike(const Entry& x, const Entry& y) {
  return x.object == y.object || *x.object == *y.object;
}

// The kernel objects of one lab: desired (from compile) or observed (from the kernel). Ordered, so that everything made
// from it is deterministic.
class State {
 public:
  // Takes the object in its normalised form; an object with the same key is replaced.
  void add(Object object);
  void add(Object object, const Origin& origin);
  // The same for what another State has, which both own then.
  void add(const Entry& entry) { entries_.insert_or_assign(keyOf(*entry.object), entry); }
  void remove(const Key& key) { entries_.erase(key); }
  // From a State in which the objects that this one has too are equal: both own them then.
  void adoptOrigins(const State& from);
  // Objects that are equal, and origins, are owned by both from then on.
  void shareWith(const State& other);
  const Entry* find(const Key& key) const;
  template <class T>
  const T* get(const Key& key) const {
    const Entry* entry = find(key);
    return entry == nullptr ? nullptr : std::get_if<T>(entry->object.get());
  }
  const std::map<Key, Entry>& entries() const { return entries_; }
  // Calls `visit(key, object)` for each object of one type, in the order of their keys.
  template <class T, class F>
  void each(F&& visit) const {
    for (auto it = entries_.lower_bound({kKindOf<T>}); it != entries_.end(); ++it) {
      const T* object = std::get_if<T>(it->second.object.get());
      if (object == nullptr) {
        break;
      }
      visit(it->first, *object);
    }
  }
  bool empty() const { return entries_.empty(); }

  // Objects only; origins are not compared.
  bool operator==(const State& other) const;

 private:
  void add(Object object, OriginPtr origin);

  std::map<Key, Entry> entries_;
  base::SharedStrings names_;  // of what was added
  OriginPtr lastOrigin_;       // of many objects in a row
};

// Calls `visit(key, first's entry, second's entry)` for each key that one of them has, in order; the other's is nullptr
// then. In a large lab that is several times as quick as to look up each key.
template <class F>
void walkBoth(const State& first, const State& second, F&& visit) {
  auto one = first.entries().begin();
  auto other = second.entries().begin();
  const auto oneEnd = first.entries().end();
  const auto otherEnd = second.entries().end();
  while (one != oneEnd || other != otherEnd) {
    const auto order = one == oneEnd       ? std::strong_ordering::greater
                       : other == otherEnd ? std::strong_ordering::less
                                           : one->first <=> other->first;
    if (order < 0) {
      visit(one->first, &one->second, nullptr);
      ++one;
    } else if (order > 0) {
      visit(other->first, nullptr, &other->second);
      ++other;
    } else {
      visit(one->first, &one->second, &other->second);
      ++one;
      ++other;
    }
  }
}

// The one form in which an object is compared: lists sorted where order means nothing, defaults filled in, ends
// ordered. Idempotent. Used by State::add for desired and observed alike, so that no false difference can arise.
Object normalise(Object object);

}  // namespace vpclab::state
