#include "state/parameters.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace vpclab::state {

namespace {

// What the kernel sets by itself with a parameter whose value, `before`, changes. nullptr: that is not known, nor is
// then what it sets, which is empty. It is always behind it in the order of writing.
std::optional<Parameter> broughtBy(const Parameter& written, const base::SharedString* before) {
  if (written.path == kIpForward) {
    // inet_forward_change(): who begins to forward accepts no redirects any more, who ends does.
    return Parameter{"net/ipv4/conf/all/accept_redirects", before == nullptr ? "" : written.value == "0" ? "1" : "0"};
  }
  if (written.path == "net/ipv6/conf/all/disable_ipv6") {
    return Parameter{"net/ipv6/conf/default/disable_ipv6", written.value};  // addrconf_disable_ipv6(), in any case
  }
  return std::nullopt;
}

bool isWrittenBefore(const Parameter& x, const Parameter& y) {
  const bool xFirst = x.path == kIpForward;
  const bool yFirst = y.path == kIpForward;
  return xFirst != yFirst ? xFirst : x.path < y.path;
}

}  // namespace

Parameters::Parameters(std::vector<Parameter> list) {
  std::stable_sort(list.begin(), list.end(), isWrittenBefore);
  const auto isSame = [](const Parameter& x, const Parameter& y) { return x.path == y.path; };
  list.erase(list.begin(), std::unique(list.rbegin(), list.rend(), isSame).base());
  if (!list.empty()) {
    list_ = std::make_shared<const std::vector<Parameter>>(std::move(list));
  }
}

const std::vector<Parameter>& Parameters::list() const {
  static const std::vector<Parameter> kNone;
  return list_ ? *list_ : kNone;
}

const base::SharedString* Parameters::find(const std::string& path) const {
  const auto found = std::find_if(begin(), end(), [&](const Parameter& known) { return known.path == path; });
  return found == end() ? nullptr : &found->value;
}

namespace {

// Calls `found(wanted, value that is there or nullptr)` for each that is wanted, in one walk: both are in one order.
template <class F>
void matchEach(const Sysctls& want, const Sysctls& have, F&& found) {
  auto there = have.parameters.begin();
  for (const Parameter& wanted : want.parameters) {
    while (there != have.parameters.end() && isWrittenBefore(*there, wanted)) {
      ++there;
    }
    const bool isThere = there != have.parameters.end() && there->path == wanted.path;
    found(wanted, isThere ? &there->value : nullptr);
  }
}

}  // namespace

bool hasAll(const Sysctls& have, const Sysctls& want) {
  if (have.parameters == want.parameters) {
    return true;
  }
  bool out = true;
  matchEach(want, have, [&](const Parameter& wanted, const base::SharedString* value) {
    out = out && value != nullptr && *value == wanted.value;
  });
  return out;
}

Sysctls onlyWanted(const Sysctls& have, const Sysctls& want) {
  std::vector<Parameter> out;
  matchEach(want, have, [&](const Parameter& wanted, const base::SharedString* value) {
    if (value != nullptr) {
      out.push_back({wanted.path, *value});
    }
  });
  return {have.netns, have.link, Parameters(std::move(out))};
}

const Parameters& ofNewNamespace() {
  static const Parameters kAll({{kFwmarkReflect, "0"}, {kIcmpErrorsByInbound, "0"}, {kIcmpRateLimit, "1000"}});
  return kAll;
}

Parameters toWrite(const Sysctls& want, const Sysctls* before) {
  if (before == nullptr) {
    const Sysctls fresh{want.netns, want.link, ofNewNamespace()};
    return want.link.empty() ? toWrite(want, &fresh) : want.parameters;
  }
  std::vector<Parameter> out;
  std::vector<Parameter> brought;
  matchEach(want, *before, [&](const Parameter& wanted, const base::SharedString* value) {
    for (const Parameter& known : brought) {
      value = known.path == wanted.path ? &known.value : value;
    }
    if (value != nullptr && *value == wanted.value) {
      return;
    }
    out.push_back(wanted);
    if (auto more = broughtBy(wanted, value)) {
      brought.push_back(std::move(*more));
    }
  });
  return Parameters(std::move(out));
}

}  // namespace vpclab::state
