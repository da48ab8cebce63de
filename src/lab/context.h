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

// One load at work.
struct Context {
  Report report;
  Files files;
  Names names;
  Places places;  // validation asks for the place first, and skips what parsing has already refused
  Lab lab;
  // Who has joined whom, by (border router, VPC) and (border router, vxnet): known once the border routers are parsed.
  std::map<std::pair<std::string, std::string>, std::set<std::string>> domainsOfVpc;
  std::map<std::pair<std::string, std::string>, net::IpAddr> joinedAddress;

  explicit Context(FileSource& source) : files(source, report) {}
};

}  // namespace vpclab::lab
