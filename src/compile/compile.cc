#include "compile/compile.h"

#include "compile/nouns.h"

namespace vpclab::compile {

Compiled compile(const lab::Lab& lab, const state::Capabilities& capabilities, const Allocations& allocations) {
  Builder builder(lab, capabilities, allocations);
  // What others plug into comes first.
  compileSwitches(builder);
  compileInternet(builder);
  for (const auto& [id, vpc] : lab.vpcs) {
    compileVpc(builder, vpc);
  }
  for (const auto& [id, server] : lab.servers) {
    compileServer(builder, server);
  }
  for (const auto& [id, router] : lab.borderRouters) {
    compileBorderRouter(builder, router);
  }
  for (const auto& [id, sdwan] : lab.sdwans) {
    compileSdwan(builder, sdwan);
  }
  for (const auto& [id, balancer] : lab.loadBalancers) {
    compileLoadBalancer(builder, balancer);
  }
  return builder.finish();
}

}  // namespace vpclab::compile
