#pragma once

#include <map>
#include <string>

#include "lab/load.h"

namespace vpclab::test {

// Files below one directory, named relative to it, so that messages do not depend on where the tree is.
class DirectorySource : public lab::FileSource {
 public:
  explicit DirectorySource(std::string root) : root_(std::move(root)) {}
  base::Result<std::string> read(const std::string& path, std::size_t maxBytes) override;

 private:
  std::string root_;
};

// Loads `lab.yaml` from memory, with further files.
lab::Loaded loadText(const std::string& yaml, std::map<std::string, std::string> others = {});

// One diagnostic a line.
std::string textOf(const base::Diagnostics& diagnostics);

// Everything of the lab but the places: two labs that mean the same give the same text.
std::string dump(const lab::Lab& lab);

}  // namespace vpclab::test
