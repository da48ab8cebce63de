#pragma once

#include <string>

#include "compile/compile.h"
#include "daemon/engine.h"

namespace vpclab::daemon {

struct FoundNode {
  std::string lab;
  compile::Node node;
};

// The node of that id or title; `name` may be LAB/NODE where `lab` is empty. Errors: kNotFound, with the nearest name;
// kInvalid where several have the title.
base::Result<FoundNode> findNode(Engine& engine, std::string lab, std::string name);

}  // namespace vpclab::daemon
