#include "state/state.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>

namespace vpclab::state {

// State::each() finds objects by it.
static_assert(kKindOf<Netns> == Kind::kNetns && kKindOf<Sysctls> == Kind::kSysctl && kKindOf<Bridge> == Kind::kBridge &&
              kKindOf<Vrf> == Kind::kVrf && kKindOf<Veth> == Kind::kVeth && kKindOf<WgDevice> == Kind::kWgDevice &&
              kKindOf<Address> == Kind::kAddress && kKindOf<Rule> == Kind::kRule && kKindOf<Route> == Kind::kRoute &&
              kKindOf<Neighbours> == Kind::kNeighbours && kKindOf<Qdisc> == Kind::kQdisc &&
              kKindOf<NftTable> == Kind::kNftTable && kKindOf<Process> == Kind::kProcess);

Object::Object(const Object& other) = default;
Object::Object(Object&& other) noexcept = default;
Object& Object::operator=(const Object& other) = default;
Object& Object::operator=(Object&& other) noexcept = default;
Object::~Object() = default;
bool Object::operator==(const Object& other) const {
  return static_cast<const ObjectVariant&>(*this) == static_cast<const ObjectVariant&>(other);
}

Key keyOf(const Object& object) {
  return std::visit([](const auto& o) { return o.key(); }, object);
}

bool isAsWanted(const Object& want, const Object& have) {
  const auto* wanted = std::get_if<Sysctls>(&want);
  const auto* there = std::get_if<Sysctls>(&have);
  return wanted != nullptr && there != nullptr ? hasAll(*there, *wanted) : want == have;
}

OriginPtr noOrigin() {
  static const OriginPtr kNone = std::make_shared<const Origin>();
  return kNone;
}

namespace {

// Each text of an object that others are likely to have too.
struct NameUniter {
  base::SharedStrings& names;

  void operator()(Netns& netns) const { names.unite(netns.name); }
  void operator()(Sysctls& sysctls) const { all(sysctls.netns, sysctls.link); }
  void operator()(Bridge& bridge) const { all(bridge.netns, bridge.name); }
  void operator()(Vrf& vrf) const { all(vrf.netns, vrf.name); }
  void operator()(Veth& veth) const {
    for (VethEnd* end : {&veth.a, &veth.b}) {
      all(end->netns, end->name, end->master);
    }
  }
  void operator()(WgDevice& device) const { all(device.netns, device.name, device.socketNetns, device.master); }
  void operator()(Address& address) const { all(address.netns, address.link); }
  void operator()(Rule& rule) const { all(rule.netns, rule.incomingInterface); }
  void operator()(Route& route) const { all(route.netns, route.device); }
  void operator()(Neighbours& table) const { all(table.netns, table.link); }
  void operator()(Qdisc& qdisc) const { all(qdisc.netns, qdisc.link); }
  void operator()(NftTable& table) const { names.unite(table.netns); }
  void operator()(Process& process) const { all(process.netns, process.name); }

  template <class... Texts>
  void all(Texts&... texts) const {
    (names.unite(texts), ...);
  }
};

struct Keyed {
  explicit Keyed(Object what) : key(keyOf(what)), object(std::move(what)) {}
  Key key;
  Object object;
};

bool isBefore(const Entry& x, const Entry& y) {
  return compareKeys(x, y) < 0;
}

}  // namespace

Entry::Entry(Object what, OriginPtr whence) : origin(std::move(whence)) {
  const auto keyed = std::make_shared<const Keyed>(normalise(std::move(what)));
  object = ObjectPtr(keyed, &keyed->object);
  key_ = &keyed->key;
}

Entry EntryMaker::make(Object object, OriginPtr origin) {
  std::visit(NameUniter{names_}, object);
  return {std::move(object), std::move(origin)};
}

base::SharedString EntryMaker::shared(std::string text) {
  base::SharedString out(std::move(text));
  names_.unite(out);
  return out;
}

OriginPtr EntryMaker::shared(const Origin& origin) {
  if (!lastOrigin_ || !(*lastOrigin_ == origin)) {
    lastOrigin_ = std::make_shared<const Origin>(origin);
  }
  return lastOrigin_;
}

namespace {

// Where the namespace of each entry stands in the order of namespaces.
std::vector<std::uint32_t> rankNamespaces(const std::vector<Entry>& entries) {
  std::vector<std::uint32_t> numbers;  // of each entry, in the order of coming
  numbers.reserve(entries.size());
  std::vector<const Key*> namespaces;
  const auto isBefore = [](const Key* x, const Key* y) {
    return std::tie(x->host, x->netns) < std::tie(y->host, y->netns);
  };
  std::map<const Key*, std::uint32_t, decltype(isBefore)> known(isBefore);
  for (const Entry& entry : entries) {
    const Key& key = entry.key();
    // Most of the time an object lies where the last one did.
    if (!numbers.empty() && namespaces[numbers.back()]->netns == key.netns &&
        namespaces[numbers.back()]->host == key.host) {
      numbers.push_back(numbers.back());
      continue;
    }
    const auto [it, isNew] = known.emplace(&key, static_cast<std::uint32_t>(namespaces.size()));
    if (isNew) {
      namespaces.push_back(&key);
    }
    numbers.push_back(it->second);
  }
  std::vector<std::uint32_t> ranks(namespaces.size());
  std::uint32_t rank = 0;
  for (const auto& [key, number] : known) {
    ranks[number] = rank++;
  }
  for (auto& number : numbers) {
    number = ranks[number];
  }
  return numbers;
}

}  // namespace

void sortByKey(std::vector<Entry>& entries) {
  if (std::is_sorted(entries.begin(), entries.end(), isBefore)) {
    return;
  }
  // To compare texts is most of the work: those of namespaces are compared once for each namespace, not for each
  // object, and names only where both kind and namespace are the same.
  const auto ranks = rankNamespaces(entries);
  const std::size_t namespaces = *std::max_element(ranks.begin(), ranks.end()) + 1;
  const auto groupOf = [&](std::size_t i) {
    return static_cast<std::size_t>(entries[i].key().kind) * namespaces + ranks[i];
  };
  std::vector<std::uint32_t> begins(kKindCount * namespaces + 1);  // of the groups in the new order
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ++begins[groupOf(i) + 1];
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<std::uint32_t> order(entries.size());
  auto next = begins;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    order[next[groupOf(i)]++] = static_cast<std::uint32_t>(i);
  }
  for (std::size_t group = 0; group + 1 < begins.size(); ++group) {
    std::sort(order.begin() + begins[group], order.begin() + begins[group + 1], [&](std::uint32_t x, std::uint32_t y) {
      const auto compared = entries[x].key().name <=> entries[y].key().name;
      return compared != 0 ? compared < 0 : x < y;
    });
  }
  std::vector<Entry> sorted;
  sorted.reserve(entries.size());
  for (const std::uint32_t i : order) {
    sorted.push_back(std::move(entries[i]));
  }
  entries = std::move(sorted);
}

void State::add(Entry entry) {
  const auto place = entries_.begin() + (from(entry.key()) - entries_.begin());
  if (place != entries_.end() && place->key() == entry.key()) {
    *place = std::move(entry);
  } else {
    entries_.insert(place, std::move(entry));
  }
}

void State::add(std::vector<Entry> entries) {
  if (entries.empty()) {
    return;
  }
  sortByKey(entries);
  std::vector<Entry> all;
  all.reserve(entries_.size() + entries.size());
  auto own = entries_.begin();
  for (Entry& entry : entries) {
    if (!all.empty() && compareKeys(all.back(), entry) == 0) {
      all.back() = std::move(entry);
      continue;
    }
    const auto next = std::lower_bound(own, entries_.end(), entry, isBefore);
    all.insert(all.end(), std::make_move_iterator(own), std::make_move_iterator(next));
    own = next != entries_.end() && compareKeys(*next, entry) == 0 ? next + 1 : next;
    all.push_back(std::move(entry));
  }
  all.insert(all.end(), std::make_move_iterator(own), std::make_move_iterator(entries_.end()));
  entries_ = std::move(all);
}

void State::remove(const Key& key) {
  remove(std::span(&key, 1));
}

void State::remove(std::span<const Key> keys) {
  std::vector<std::size_t> places;
  for (const Key& key : keys) {
    if (const auto it = from(key); it != entries_.end() && it->key() == key) {
      places.push_back(static_cast<std::size_t>(it - entries_.begin()));
    }
  }
  if (places.empty()) {
    return;
  }
  std::sort(places.begin(), places.end());
  const auto at = [this](std::size_t place) { return entries_.begin() + static_cast<std::ptrdiff_t>(place); };
  auto end = at(places.front());
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t next = i + 1 < places.size() ? places[i + 1] : entries_.size();
    if (next > places[i]) {  // else the same one once more
      end = std::move(at(places[i] + 1), at(next), end);
    }
  }
  entries_.erase(end, entries_.end());
}

void State::adoptOrigins(const State& from) {
  auto own = entries_.begin();
  for (const Entry& other : from.entries_) {
    while (own != entries_.end() && compareKeys(*own, other) < 0) {
      ++own;
    }
    if (own != entries_.end() && compareKeys(*own, other) == 0 &&
        (own->object != other.object || own->origin != other.origin)) {
      *own = other;
    }
  }
}

void State::shareWith(const State& other) {
  std::pair<OriginPtr, OriginPtr> compared;  // an origin is that of many objects in a row
  bool isSameOrigin = false;
  auto own = entries_.begin();
  for (const Entry& theirs : other.entries_) {
    while (own != entries_.end() && compareKeys(*own, theirs) < 0) {
      ++own;
    }
    if (own == entries_.end() || compareKeys(*own, theirs) != 0 ||
        (own->object == theirs.object && own->origin == theirs.origin)) {
      continue;
    }
    if (compared.first != theirs.origin || compared.second != own->origin) {
      compared = {theirs.origin, own->origin};
      isSameOrigin = compared.first == compared.second || *compared.first == *compared.second;
    }
    if (isAlike(theirs, *own)) {
      const OriginPtr origin = std::move(own->origin);
      *own = theirs;
      own->origin = isSameOrigin ? theirs.origin : origin;
    } else if (isSameOrigin) {
      own->origin = theirs.origin;
    }
  }
}

const Entry* State::find(const Key& key) const {
  const auto it = from(key);
  return it == entries_.end() || it->key() != key ? nullptr : &*it;
}

std::span<const Entry> State::of(Kind kind) const {
  const auto first = from({kind});
  const auto last =
      std::partition_point(first, entries_.end(), [kind](const Entry& entry) { return entry.key().kind == kind; });
  return {first, last};
}

std::span<const Entry> State::in(const base::SharedString& netns, Kind kind) const {
  const auto first = from({kind, {}, netns, {}});
  const auto last = std::find_if(first, entries_.end(), [&](const Entry& entry) {
    return entry.key().kind != kind || entry.key().netns != netns;
  });
  return {first, last};
}

bool State::operator==(const State& other) const {
  return std::equal(entries_.begin(), entries_.end(), other.entries_.begin(), other.entries_.end(),
                    [](const Entry& x, const Entry& y) { return compareKeys(x, y) == 0 && isAlike(x, y); });
}

namespace {

struct Normaliser {
  void operator()(Veth& veth) const { veth = makeVeth(std::move(veth.a), std::move(veth.b)); }
  void operator()(WgDevice& device) const {
    for (auto& [key, peer] : *device.peers) {
      std::sort(peer.allowedIps.begin(), peer.allowedIps.end());
    }
  }
  void operator()(Route& route) const {
    route.destination = route.destination.network();
    if (route.type == RouteType::kUnreachable || route.type == RouteType::kBlackhole) {
      route.device = {};
      route.gateway.reset();
    }
  }
  void operator()(Neighbours& neighbours) const {
    // As they come from the rule that makes them (neighbours.h); there are tens of thousands in a large lab.
    if (!std::is_sorted(neighbours.entries.begin(), neighbours.entries.end())) {
      std::sort(neighbours.entries.begin(), neighbours.entries.end());
    }
  }
  void operator()(NftTable& table) const {
    while (!table.body.empty() && table.body.back() == '\n') {
      table.body.pop_back();
    }
  }
  void operator()(Process& process) const {
    if (auto* pages = std::get_if<PageServer>(&process.spec)) {
      std::sort(pages->sites.begin(), pages->sites.end(),
                [](const auto& x, const auto& y) { return x.listen < y.listen; });
    } else if (auto* balancer = std::get_if<LoadBalancer>(&process.spec)) {
      std::sort(balancer->listeners.begin(), balancer->listeners.end(),
                [](const auto& x, const auto& y) { return x.name < y.name; });
    }
  }
  template <class T>
  void operator()(T&) const {}
};

}  // namespace

Object normalise(Object object) {
  std::visit(Normaliser{}, object);
  return object;
}

}  // namespace vpclab::state
