#include "fake/fake_kernel.h"

#include "fake/fake_rules.h"

namespace vpclab::tests {

using namespace vpclab::state;

base::Result<State> FakeKernel::observe(const std::string& lab) {
  State out;
  for (const auto& entry : worlds_[lab].objects.entries()) {
    out.add(entry);
  }
  return out;
}

std::vector<base::Result<>> FakeKernel::execute(const std::string& lab, std::span<const plan::Step> steps,
                                                base::Deadline deadline) {
  ++batches_;
  std::vector<base::Result<>> out(steps.size());
  // What leads out of a namespace comes first; else the namespaces come in any order: the last one first.
  std::map<std::pair<bool, std::string>, std::vector<std::size_t>, std::greater<>> parts;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool leadsOut = steps[i].key.kind == state::Kind::kVeth || steps[i].key.kind == state::Kind::kWgDevice;
    parts[{leadsOut, steps[i].key.netns}].push_back(i);
  }
  for (const auto& [part, indices] : parts) {
    for (const std::size_t i : indices) {
      ++operations_;
      if (deadline.passed() || (dieAt_ != 0 && operations_ >= dieAt_)) {
        out[i] = base::fail(base::ErrorKind::kTimeout, "not done in time");
      } else if (operations_ == failAt_) {
        out[i] = base::fail(*fault_);
      } else {
        out[i] = carryOut(worlds_[lab], steps[i]);
      }
    }
  }
  return out;
}

std::vector<base::Error> FakeKernel::destroy(const std::string& lab, base::Deadline) {
  worlds_.erase(lab);
  return {};
}

base::Result<std::vector<std::string>> FakeKernel::labs() {
  std::vector<std::string> out;
  for (const auto& [name, world] : worlds_) {
    out.push_back(name);
  }
  return out;
}

base::Result<> FakeKernel::carryOut(World& world, const plan::Step& step) {
  if (const auto* sysctls = step.after ? std::get_if<Sysctls>(step.after.get()) : nullptr) {
    auto result = admits(world.objects, *sysctls);
    if (result) {
      const auto* before = step.before ? &std::get<Sysctls>(*step.before) : nullptr;
      writeParameters(world.objects, *sysctls, toWrite(*sysctls, before));
    }
    return result;
  }
  switch (step.action) {
    case plan::Action::kCreate:
      return create(world, *step.after);
    case plan::Action::kUpdate:
      return update(world, *step.after);
    case plan::Action::kDelete:
      return remove(world, step.key);
  }
  return base::fail(base::ErrorKind::kInternal, "no such action");
}

base::Result<> FakeKernel::create(World& world, const Object& object) {
  if (auto result = admits(world.objects, object); !result) {
    return result;
  }
  const Entry* before = world.objects.find(keyOf(object));
  const std::optional<Object> old = before == nullptr ? std::nullopt : std::optional(*before->object);
  world.objects.add(object);
  if (const auto* netns = std::get_if<Netns>(&object)) {
    world.inodes[netns->name] = ++nextInode_;
  }
  world.sockets.erase(keyOf(object));  // those of one that went with its namespace
  openSockets(world, object);
  afterWrite(world.objects, old ? &*old : nullptr, object);
  return {};
}

base::Result<> FakeKernel::update(World& world, const Object& object) {
  const Entry* before = world.objects.find(keyOf(object));
  if (before == nullptr) {
    return base::fail(base::ErrorKind::kNotFound, keyOf(object).toString());
  }
  const Object old = *before->object;
  if (auto result = admitsChange(world.objects, old, object); !result) {
    return result;
  }
  world.objects.add(object);
  openSockets(world, object);
  afterWrite(world.objects, &old, object);
  return {};
}

base::Result<> FakeKernel::remove(World& world, const Key& key) {
  const Entry* entry = world.objects.find(key);
  if (entry == nullptr) {
    return base::fail(base::ErrorKind::kNotFound, key.toString());
  }
  const Object gone = *entry->object;
  world.objects.remove(key);
  world.sockets.erase(key);
  if (const auto* netns = std::get_if<Netns>(&gone)) {
    world.inodes.erase(netns->name);
  }
  afterRemoval(world.objects, gone);
  return {};
}

// Sockets that were open stay as they are; only new ones are opened.
void FakeKernel::openSockets(World& world, const Object& object) {
  std::set<std::string> wanted;
  if (const auto* device = std::get_if<WgDevice>(&object)) {
    wanted.insert(device->socketNetns);
  } else if (const auto* process = std::get_if<Process>(&object)) {
    for (const auto& listen : listenAddresses(*process)) {
      wanted.insert(listen.netns);
    }
    if (!process->netns.empty()) {
      wanted.insert(process->netns);
    }
  } else {
    return;
  }
  auto& open = world.sockets[keyOf(object)];
  std::erase_if(open, [&wanted](const auto& socket) { return wanted.count(socket.first) == 0; });
  for (const auto& netns : wanted) {
    open.emplace(netns, world.inodes[netns]);
  }
}

void FakeKernel::deleteByHand(const std::string& lab, const Key& key) {
  (void)remove(worlds_[lab], key);
}

void FakeKernel::put(const std::string& lab, Object object) {
  worlds_[lab].objects.add(std::move(object));
}

std::vector<std::string> FakeKernel::dead(const std::string& lab) const {
  std::vector<std::string> out;
  const World& world = worlds_.at(lab);
  for (const auto& [key, sockets] : world.sockets) {
    for (const auto& [netns, inode] : sockets) {
      const auto now = world.inodes.find(netns);
      if (world.objects.find(key) != nullptr && (now == world.inodes.end() || now->second != inode)) {
        out.push_back(key.toString() + " in " + netns);
      }
    }
  }
  return out;
}

std::uint64_t FakeKernel::inode(const std::string& lab, const std::string& netns) const {
  const auto world = worlds_.find(lab);
  if (world == worlds_.end()) {
    return 0;
  }
  const auto it = world->second.inodes.find(netns);
  return it == world->second.inodes.end() ? 0 : it->second;
}

}  // namespace vpclab::tests
