#include "plan/plan.h"

namespace vpclab::plan {

std::string_view nameOf(Action action) {
  switch (action) {
    case Action::kCreate:
      return "create";
    case Action::kUpdate:
      return "update";
    case Action::kDelete:
      return "delete";
  }
  return "unknown";
}

}  // namespace vpclab::plan
