#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "state/key.h"
#include "state/link.h"
#include "state/netns.h"
#include "state/parameters.h"
#include "state/process.h"
#include "state/routing.h"

namespace vpclab::state {

using ObjectVariant = std::variant<Netns, Sysctls, Bridge, Vrf, Veth, WgDevice, Address, Rule, Route, Neighbours, Qdisc,
                                   NftTable, Process>;

// A variant whose copies, moves and end are compiled once: each source that has a State would make some hundreds of
// functions for them otherwise.
class Object : public ObjectVariant {
 public:
  using ObjectVariant::ObjectVariant;
  Object(const Object& other);
  Object(Object&& other) noexcept;
  Object& operator=(const Object& other);
  Object& operator=(Object&& other) noexcept;
  ~Object();
  bool operator==(const Object& other) const;
};

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

// An object with its key, which lies beside it in memory: who owns the one has the other.
class Entry {
 public:
  Entry(Object what, OriginPtr whence);  // takes the object in its normalised form
  const Key& key() const { return *key_; }

  ObjectPtr object;  // made by the constructor, or another entry's: never set otherwise
  OriginPtr origin;

 private:
  const Key* key_;
};

// Whether two entries have equal objects: at once, where they own one together.
inline bool isAlike(const Entry& x, const Entry& y) {
  return x.object == y.object || *x.object == *y.object;
}
// Whether what is there is as it is wanted: equal, but for parameters that nobody wants.
bool isAsWanted(const Object& want, const Object& have);
inline bool isAsWanted(const Entry& want, const Entry& have) {
  return want.object == have.object || isAsWanted(*want.object, *have.object);
}
// Their keys; at once, too.
inline std::strong_ordering compareKeys(const Entry& x, const Entry& y) {
  return &x.key() == &y.key() ? std::strong_ordering::equal : x.key() <=> y.key();
}

// Makes entries of which equal texts are one, and equal origins in a row.
class EntryMaker {
 public:
  Entry make(Object object, OriginPtr origin = noOrigin());
  // What is used by many objects may be made one beforehand, and the objects made into entries by themselves.
  base::SharedString shared(std::string text);
  OriginPtr shared(const Origin& origin);

 private:
  base::SharedStrings names_;
  OriginPtr lastOrigin_;
};

// By their keys; those with equal ones stay in their order.
void sortByKey(std::vector<Entry>& entries);

// The kernel objects of one lab: desired (from compile) or observed (from the kernel). Ordered, so that everything made
// from it is deterministic; without gaps in memory, because it is walked as a whole all the time. So many objects are
// added, or removed, in one call.
class State {
 public:
  // Takes the object in its normalised form; an object with the same key is replaced.
  void add(Object object) { add(std::move(object), noOrigin()); }
  void add(Object object, const Origin& origin) { add(std::move(object), std::make_shared<const Origin>(origin)); }
  // The same for what another State has, which both own then.
  void add(Entry entry);
  // In any order; the last one with a key counts.
  void add(std::vector<Entry> entries);
  void remove(const Key& key);
  void remove(std::span<const Key> keys);  // in any order
  // From a State in which the objects that this one has too are as wanted: both own them then.
  void adoptOrigins(const State& from);
  // Objects that are equal, and origins, are owned by both from then on.
  void shareWith(const State& other);
  const Entry* find(const Key& key) const;
  template <class T>
  const T* get(const Key& key) const {
    const Entry* entry = find(key);
    return entry == nullptr ? nullptr : std::get_if<T>(entry->object.get());
  }
  // In the order of their keys.
  const std::vector<Entry>& entries() const { return entries_; }
  // The first entry whose key is not less.
  std::vector<Entry>::const_iterator from(const Key& key) const {
    return std::lower_bound(entries_.begin(), entries_.end(), key,
                            [](const Entry& entry, const Key& wanted) { return entry.key() < wanted; });
  }
  // All objects of one kind.
  std::span<const Entry> of(Kind kind) const;
  // Those that lie in one namespace, a veth in that of its first end.
  std::span<const Entry> in(const base::SharedString& netns, Kind kind) const;
  // Calls `visit(key, object)` for each object of one type, in the order of their keys.
  template <class T, class F>
  void each(F&& visit) const {
    visitAll<T>(of(kKindOf<T>), visit);
  }
  template <class T, class F>
  void eachIn(const base::SharedString& netns, F&& visit) const {
    visitAll<T>(in(netns, kKindOf<T>), visit);
  }
  bool empty() const { return entries_.empty(); }

  // Objects only; origins are not compared.
  bool operator==(const State& other) const;

 private:
  void add(Object object, OriginPtr origin) { add(Entry(std::move(object), std::move(origin))); }
  template <class T, class F>
  static void visitAll(std::span<const Entry> entries, F& visit) {
    for (const Entry& entry : entries) {
      visit(entry.key(), std::get<T>(*entry.object));
    }
  }

  std::vector<Entry> entries_;
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
                                           : compareKeys(*one, *other);
    if (order < 0) {
      visit(one->key(), &*one, nullptr);
      ++one;
    } else if (order > 0) {
      visit(other->key(), nullptr, &*other);
      ++other;
    } else {
      visit(one->key(), &*one, &*other);
      ++one;
      ++other;
    }
  }
}

// The one form in which an object is compared: lists sorted where order means nothing, defaults filled in, ends
// ordered. Idempotent. Used for every entry, desired and observed alike, so that no false difference can arise.
Object normalise(Object object);

}  // namespace vpclab::state
