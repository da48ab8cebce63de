#pragma once

#include <string>

#include "base/unique_fd.h"
#include "check/runner.h"

// client -- r1 -- r2 -- server, in namespaces of their own names; gone with the object.
//   client 10.1.0.2, r1 10.1.0.1 and 10.2.0.1, r2 10.2.0.2 and 10.3.0.1, server 10.3.0.2
class World {
 public:
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  // The namespace's whole name for "client", "r1", "r2", "server".
  std::string netns(const std::string& node) const { return prefix_ + node; }
  // `ip -n <node> arguments`; the exit status.
  int ip(const std::string& node, const std::string& arguments) const;
  // `ip netns exec <node> command`; the exit status. Its output is dropped.
  int exec(const std::string& node, const std::string& command) const;
  vpclab::base::UniqueFd socket(const std::string& node, int type, int protocol) const;

 private:
  std::string prefix_;
};

vpclab::net::IpAddr address(const char* text);
