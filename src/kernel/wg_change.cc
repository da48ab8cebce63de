#include "kernel/wg_change.h"

namespace vpclab::kernel {

WgChange wgChange(const state::WgDevice* before, const state::WgDevice& after) {
  WgChange out;
  if (before == nullptr || before->publicKey != after.publicKey) {
    out.privateKey = after.privateKey;
  }
  if (before == nullptr || before->listenPort != after.listenPort) {
    out.listenPort = after.listenPort;
  }
  if (before != nullptr) {
    for (const auto& [key, peer] : *before->peers) {
      if (after.peers->count(key) == 0) {
        out.removed.push_back(key);
      }
    }
  }
  for (const auto& [key, peer] : *after.peers) {
    const auto it = before == nullptr ? after.peers->end() : before->peers->find(key);
    if (before == nullptr || it == before->peers->end() || !(it->second == peer)) {
      out.written.emplace_back(key, peer);
    }
  }
  return out;
}

}  // namespace vpclab::kernel
