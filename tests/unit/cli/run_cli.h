#pragma once

#include <map>
#include <string>
#include <vector>

namespace vpclab::tests {

enum class Output { kPipe, kTerminal };

struct Ran {
  int status = -1;  // exit status; 1000 + signal where one ended it
  std::string out;
  std::string err;
};

// Runs `vpclab ARGUMENTS` in a process of its own, standard output and error each a pipe or a terminal of their own.
// An empty value takes a variable out of the environment.
Ran runCli(const std::vector<std::string>& arguments, Output output = Output::kPipe,
           const std::map<std::string, std::string>& environment = {});

}  // namespace vpclab::tests
