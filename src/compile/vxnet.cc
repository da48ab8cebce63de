#include <set>

#include "compile/nouns.h"

namespace vpclab::compile {

using namespace vpclab::state;

std::string regionOf(const lab::Lab& lab, const lab::Vxnet& vxnet) {
  const auto vpc = lab.vpcs.find(vxnet.vpc);
  return vpc == lab.vpcs.end() ? "" : vpc->second.region;
}

std::string switchOf(const lab::Lab& lab, const lab::Vxnet& vxnet) {
  return "switch." + regionOf(lab, vxnet);
}

// A vxnet is a bridge; the bridges of a region share a namespace, in which nothing else is.
void compileSwitches(Builder& builder) {
  const lab::Lab& lab = builder.lab();
  std::set<std::string> done;
  for (const auto& [id, vxnet] : lab.vxnets) {
    const std::string netns = switchOf(lab, vxnet);
    const std::string region = regionOf(lab, vxnet);
    const auto place = lab.regions.find(region);
    if (place != lab.regions.end() && done.insert(netns).second) {
      builder.node({netns, place->second.title, "switch", region, {}}, Role::kHost,
                   {"region " + region, place->second.pos});
    }
    const Origin origin{"vxnet " + id, vxnet.pos};
    const std::string name = builder.takeName(netns, id, origin);
    builder.add(Bridge{netns, name, builder.macOf(netns, name)}, origin);
  }
}

std::string plug(Builder& builder, const lab::Vxnet& vxnet, Leg leg, const Origin& origin,
                 const lab::Impairment& line) {
  leg.attachedTo = vxnet.id;
  Leg port{switchOf(builder.lab(), vxnet), leg.netns + "." + vxnet.id, interfaceName(vxnet.id)};
  port.attachedTo = leg.netns;
  port.ported = true;
  return builder.cable(leg, port, origin, line).first;
}

}  // namespace vpclab::compile
