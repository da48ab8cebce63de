#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "compile/compile.h"
#include "lab/load.h"

namespace vpclab::tests {

// Reads labs of the source tree, by paths relative to it, so that messages do not depend on where the tree is.
class TreeSource : public lab::FileSource {
 public:
  base::Result<std::string> read(const std::string& path, std::size_t maxBytes) override {
    std::ifstream in(std::string(VPCLAB_SOURCE_DIR) + "/" + path, std::ios::binary);
    if (!in) {
      return base::fail(base::ErrorKind::kNotFound, path + ": no such file");
    }
    std::ostringstream text;
    text << in.rdbuf();
    if (text.str().size() > maxBytes) {
      return base::fail(base::ErrorKind::kLimit, path + ": too large");
    }
    return text.str();
  }
};

// For tests that go on with the text.
inline std::string sourceText(const std::string& path) {
  return TreeSource().read(path, std::size_t{1} << 20U).value();
}

inline lab::Loaded loadLab(const std::string& path) {
  TreeSource source;
  return lab::load(path, source);
}

// What Debian's kernel has, and what a bare container or microVM has.
inline state::Capabilities fullKernel() {
  return {.wireGuardDevice = true,
          .wireGuardGo = false,
          .vrfDevice = true,
          .netem = true,
          .tbf = true,
          .nftables = true,
          .ingressLoss = true};
}
inline state::Capabilities bareKernel() {
  return {.wireGuardDevice = false,
          .wireGuardGo = true,
          .vrfDevice = false,
          .netem = false,
          .tbf = true,
          .nftables = true,
          .ingressLoss = true};
}

// Keys 1, 2, 3, ...: never for use.
class CountedKeys {
 public:
  net::WgKey operator()() {
    net::WgKey key;
    key.bytes.fill(++count_);
    return key;
  }

 private:
  std::uint8_t count_ = 0;
};

inline compile::Allocations allocated(const lab::Lab& lab, const compile::Allocations& previous = {}) {
  compile::Allocations out;
  (void)compile::allocate(lab, previous, CountedKeys(), out);
  return out;
}

inline compile::Compiled compiled(const lab::Lab& lab, const state::Capabilities& capabilities) {
  return compile::compile(lab, capabilities, allocated(lab));
}

}  // namespace vpclab::tests
