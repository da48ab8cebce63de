#include <algorithm>

#include "lab/lab.h"

namespace vpclab::lab {

bool Places::areEqualBut(const Places& other, const std::set<std::string>& ids) const {
  const auto isIn = [&ids](const Places& places, const std::string& id, const auto& values) {
    const auto found = places.places_.find(id);
    return ids.contains(id) || (found != places.places_.end() && found->second == values);
  };
  return std::all_of(places_.begin(), places_.end(),
                     [&](const auto& entry) { return isIn(other, entry.first, entry.second); }) &&
         std::all_of(other.places_.begin(), other.places_.end(),
                     [&](const auto& entry) { return ids.contains(entry.first) || places_.contains(entry.first); });
}

}  // namespace vpclab::lab
