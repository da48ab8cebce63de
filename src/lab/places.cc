#include <compare>

#include "lab/lab.h"

namespace vpclab::lab {

// Both are in one order, so that one walk does.
bool Places::areEqualBut(const Places& other, const std::set<std::string>& ids) const {
  auto mine = places_.begin();
  auto theirs = other.places_.begin();
  while (mine != places_.end() || theirs != other.places_.end()) {
    const auto order = mine == places_.end()           ? std::strong_ordering::greater
                       : theirs == other.places_.end() ? std::strong_ordering::less
                                                       : mine->first <=> theirs->first;
    const auto& id = order > 0 ? theirs->first : mine->first;
    if ((order != 0 || mine->second != theirs->second) && !ids.contains(id)) {
      return false;
    }
    if (order <= 0) {
      ++mine;
    }
    if (order >= 0) {
      ++theirs;
    }
  }
  return true;
}

}  // namespace vpclab::lab
