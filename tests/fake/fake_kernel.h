#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/kernel_port.h"

namespace vpclab::tests {

// A kernel in memory. It has the side effects of the real one (what goes with a namespace, a link, an address; what a
// write to ip_forward resets; routes lost when a link changes its VRF), refuses what the real one refuses, and can be
// told to fail. It is written from the kernel's behaviour, and shares no code with the diff that must foresee it.
class FakeKernel : public plan::KernelPort {
 public:
  base::Result<state::State> observe(const std::string& lab) override;
  base::Result<state::State> observeAgain(const std::string& lab, state::State /*before*/,
                                          const plan::Touched& /*touched*/) override {
    return observe(lab);
  }
  std::vector<base::Result<>> execute(const std::string& lab, std::span<const plan::Step> steps,
                                      base::Deadline deadline) override;
  std::vector<base::Error> destroy(const std::string& lab, base::Deadline deadline) override;
  base::Result<std::vector<std::string>> labs() override;

  // The n-th operation from now on (1: the next) fails with this error.
  void failAt(std::size_t n, base::Error error) {
    failAt_ = operations_ + n;
    fault_ = std::move(error);
  }
  // From the n-th operation on nothing works any more, as after a kill.
  void dieAt(std::size_t n) { dieAt_ = operations_ + n; }
  void recover() {
    failAt_ = dieAt_ = 0;
    fault_.reset();
  }
  std::size_t operations() const { return operations_; }
  std::size_t batches() const { return batches_; }

  // Somebody's hand: deletes the object with all consequences. Nothing happens where it does not exist.
  void deleteByHand(const std::string& lab, const state::Key& key);
  void put(const std::string& lab, state::Object object);  // as it is, unchecked

  // What works only in appearance: tunnels whose socket died with its namespace, sockets of processes in namespaces
  // that are no longer the ones of that name.
  std::vector<std::string> dead(const std::string& lab) const;
  // Changes whenever the namespace is made.
  std::uint64_t inode(const std::string& lab, const std::string& netns) const;

 private:
  struct World {
    state::State objects;
    std::map<std::string, std::uint64_t> inodes;                         // namespace -> inode
    std::map<state::Key, std::map<std::string, std::uint64_t>> sockets;  // process or tunnel -> namespace, inode
  };

  base::Result<> carryOut(World& world, const plan::Step& step);
  base::Result<> create(World& world, const state::Object& object);
  base::Result<> update(World& world, const state::Object& object);
  base::Result<> remove(World& world, const state::Key& key);
  void openSockets(World& world, const state::Object& object);

  std::map<std::string, World> worlds_;
  std::size_t operations_ = 0;
  std::size_t batches_ = 0;
  std::size_t failAt_ = 0;
  std::size_t dieAt_ = 0;
  std::optional<base::Error> fault_;
  std::uint64_t nextInode_ = 4026532000;
};

}  // namespace vpclab::tests
