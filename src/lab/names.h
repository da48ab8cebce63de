#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/report.h"
#include "lab/tree.h"

namespace vpclab::lab {

enum class Kind : std::uint8_t {
  kRegion,
  kVpc,
  kVxnet,
  kServer,
  kBorderRouter,
  kSdwan,
  kAccessPoint,
  kEip,
  kLoadBalancer,
  kRouteTable,
};
std::string_view nameOf(Kind kind);  // "border router"
std::string withArticle(Kind kind);  // "a border router"

// Every object of the lab by id and by title, known before any reference is read.
class Names {
 public:
  struct Named {
    Kind kind;
    std::string id;
    std::string title;
    SourcePos pos;  // of the id
  };

  // Errors: an id that is no slug, too long, reserved or taken.
  void add(Kind kind, const std::string& id, const std::string& title, const SourcePos& pos, Report& report);

  // The object that `value` names by its id or else by its title, if it is of one of the kinds; null after telling why.
  const Named* resolve(const Value& value, std::initializer_list<Kind> kinds, Report& report) const;
  const Named* find(std::string_view id) const;

 private:
  void reportUnknown(const Value& value, std::initializer_list<Kind> kinds, Report& report) const;

  std::map<std::string, Named, std::less<>> byId_;
  std::map<std::string, std::vector<std::string>, std::less<>> byTitle_;  // title -> ids
  std::map<Kind, std::vector<const Named*>> byKind_;                      // in the files' order
  std::set<std::pair<Kind, std::string>> refused_;                        // ids and titles of those whose id was taken
};

}  // namespace vpclab::lab
