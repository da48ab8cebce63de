#include "plan/touched.h"

#include "plan/order.h"

namespace vpclab::plan {

using namespace vpclab::state;

std::set<std::string> touchedBy(std::span<const Step> steps, const State& before) {
  std::set<std::string> touched;
  std::set<std::string> comeAndGo;
  std::set<LinkName> links;
  for (const Step& step : steps) {
    for (const auto* side : {&step.before, &step.after}) {
      if (*side) {
        const auto names = namespacesOf(**side);
        touched.insert(names.begin(), names.end());
        const auto ends = linksOf(**side);
        links.insert(ends.begin(), ends.end());
      }
    }
    if (step.key.kind == Kind::kNetns) {
      comeAndGo.insert(step.key.netns);
    }
  }
  before.each<Veth>([&](const Key&, const Veth& veth) {
    const auto isTouched = [&](const VethEnd& end) {
      return comeAndGo.contains(end.netns) || links.contains({end.netns, end.name});
    };
    if (isTouched(veth.a) || isTouched(veth.b)) {
      touched.insert({veth.a.netns, veth.b.netns});
    }
  });
  return touched;
}

}  // namespace vpclab::plan
