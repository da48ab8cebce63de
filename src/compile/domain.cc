#include <algorithm>

#include "compile/nouns.h"
#include "net/if_name.h"

namespace vpclab::compile {

using namespace vpclab::state;

std::optional<DomainPlace> placeOf(Builder& builder, const lab::BorderRouter& router, const lab::Domain& domain) {
  const auto& numbers = builder.allocations().domainNumbers;
  const auto it = numbers.find(router.id + "/" + domain.id);
  if (it == numbers.end() || it->second == 0 || it->second > kMaxDomains) {
    builder.error(domain.pos, "domain " + domain.id + " of border router " + router.id + " has no number",
                  "a border router takes " + std::to_string(kMaxDomains) + " domains");
    return std::nullopt;
  }
  DomainPlace place{it->second, kFirstDomainTable + it->second, "", std::nullopt};
  if (builder.capabilities().vrfDevice) {
    place.vrf = net::shortIfName("vrf-" + domain.id);
  }
  const lab::Join* first = nullptr;
  for (const auto& join : domain.joins) {
    if (first == nullptr || join.vxnet < first->vxnet) {
      first = &join;
    }
  }
  if (first != nullptr) {
    place.source = first->address;
  }
  return place;
}

std::vector<net::Prefix> rangesOf(const lab::Lab& lab, const lab::Domain& domain) {
  std::vector<net::Prefix> ranges;
  for (const auto& join : domain.joins) {
    ranges.push_back(lab.vxnets.at(join.vxnet).cidr);
  }
  for (const auto& route : domain.routes) {
    ranges.push_back(route.to);
  }
  std::sort(ranges.begin(), ranges.end());
  ranges.erase(std::unique(ranges.begin(), ranges.end()), ranges.end());
  return ranges;
}

}  // namespace vpclab::compile
