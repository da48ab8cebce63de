#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "lab/files.h"
#include "lab/lab.h"
#include "lab/names.h"
#include "lab/report.h"

namespace vpclab::lab {

// Where each object's values stand in the files. Only values that were understood are here: validation asks for the
// place first, and skips what parsing has already refused.
class Places {
 public:
  void set(const std::string& id, std::string_view key, const SourcePos& pos) {
    places_[id + "." + std::string(key)] = pos;
  }
  bool has(const std::string& id, std::string_view key) const { return at(id, key).has_value(); }
  std::optional<SourcePos> at(const std::string& id, std::string_view key) const {
    const auto found = places_.find(id + "." + std::string(key));
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, SourcePos> places_;
};

// One load at work.
struct Context {
  Report report;
  Files files;
  Names names;
  Places places;
  Lab lab;
  // Who has joined whom, by (border router, VPC) and (border router, vxnet): known once the border routers are parsed.
  std::map<std::pair<std::string, std::string>, std::set<std::string>> domainsOfVpc;
  std::map<std::pair<std::string, std::string>, net::IpAddr> joinedAddress;

  explicit Context(FileSource& source) : files(source, report) {}
};

}  // namespace vpclab::lab
