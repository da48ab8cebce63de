#include "daemon/desired.h"

#include <cstdlib>

#include <sys/random.h>

#include "compile/judge_names.h"
#include "compile/recompile.h"
#include "lab/load.h"

namespace vpclab::daemon {

namespace {

// getrandom(2) blocks only until the kernel's generator has been seeded once, and never gives less than asked for up to
// 256 bytes.
net::WgKey newPrivateKey() {
  net::WgKey key;
  if (::getrandom(key.bytes.data(), key.bytes.size(), 0) != static_cast<ssize_t>(key.bytes.size())) {
    std::abort();  // a predictable key would be worse
  }
  return net::clampPrivateKey(key);
}

void append(base::Diagnostics& to, base::Diagnostics from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Desired loadBundle(const api::Bundle& bundle) {
  lab::BundleSource source(bundle.files);
  auto loaded = lab::load(bundle.path, source);
  Desired desired;
  desired.lab = std::move(loaded.lab);
  desired.diagnostics = std::move(loaded.diagnostics);
  return desired;
}

void compileInto(Desired& desired, const compile::Allocations& previous, const state::Capabilities& capabilities,
                 const Desired* former) {
  append(desired.diagnostics, compile::allocate(desired.lab, previous, newPrivateKey, desired.allocations));
  if (!desired.ok()) {
    return;
  }
  auto again = former == nullptr ? std::nullopt
                                 : compile::recompile({former->lab, former->allocations, former->compiled}, desired.lab,
                                                      capabilities, desired.allocations);
  desired.compiled = again ? std::move(*again) : compile::compile(desired.lab, capabilities, desired.allocations);
  append(desired.diagnostics, desired.compiled.diagnostics);
}

void judgeNames(Desired& desired) {
  if (desired.ok()) {
    append(desired.diagnostics, compile::judgeNames(desired.lab, desired.allocations));
  }
}

}  // namespace vpclab::daemon
