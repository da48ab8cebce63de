#include "plan/outdated.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "state/neighbours.h"

namespace vpclab::plan {

namespace {

// Whether it can make an address another one's, or give it another MAC.
bool movesAddresses(const Step& step) {
  return step.key.kind == state::Kind::kAddress || step.key.kind == state::Kind::kVeth;
}

}  // namespace

std::vector<state::Neighbours> outdatedNeighbours(const Plan& plan, const state::State& desired,
                                                  const state::State& observed) {
  if (!desired.of(state::Kind::kNeighbours).empty() ||
      std::none_of(plan.steps.begin(), plan.steps.end(), movesAddresses)) {
    return {};
  }
  std::map<state::Key, state::Neighbours> known;
  for (auto& [table, place] : state::possibleNeighbours(observed)) {
    known.emplace(table.key(), std::move(table));
  }
  const auto wasThere = [&observed](const std::string& netns) {
    return observed.find(state::Netns{netns}.key()) != nullptr;
  };
  std::vector<state::Neighbours> out;
  for (const auto& [table, place] : state::possibleNeighbours(desired, wasThere)) {
    // Both are sorted. An address that nobody has at the moment may have been somebody's a moment ago.
    const auto before = known.find(table.key());
    state::Neighbours outdated{table.netns, table.link, {}};
    if (before == known.end()) {
      outdated.entries = table.entries;
    } else {
      std::set_difference(table.entries.begin(), table.entries.end(), before->second.entries.begin(),
                          before->second.entries.end(), std::back_inserter(outdated.entries));
    }
    if (!outdated.entries.empty()) {
      out.push_back(std::move(outdated));
    }
  }
  return out;
}

}  // namespace vpclab::plan
