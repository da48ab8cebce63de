#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "keeper/live_child.h"
#include "keeper/worker_link.h"
#include "state/process.h"

namespace vpclab::keeper {

using Done = std::function<void(base::Result<>)>;

// Tells a program's file from another one that took its place, or from itself when it has been written anew.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t seconds = 0;  // of its last change
  std::int64_t nanoseconds = 0;

  bool operator==(const FileIdentity&) const = default;
};
// nullopt: there is none.
std::optional<FileIdentity> identityOf(const std::string& path);

// A user that no other worker of this keeper has: they could signal each other. Given back at the end.
class WorkerUid {
 public:
  // `wish`: the same text gives the same user, unless that one is taken.
  static base::Result<WorkerUid> take(Context* context, const std::string& wish);
  WorkerUid(WorkerUid&& other) noexcept : context_(other.context_), uid_(std::exchange(other.uid_, 0)) {}
  WorkerUid& operator=(WorkerUid&& other) noexcept;
  ~WorkerUid();

  std::uint64_t value() const { return uid_; }

 private:
  WorkerUid(Context* context, std::uint64_t uid) : context_(context), uid_(uid) {}

  Context* context_;
  std::uint64_t uid_;
};

// One worker process. Destroyed, it is killed.
struct Worker {
  std::optional<FileIdentity> program;  // what its file was when it started
  std::unique_ptr<LiveChild> child;
  std::unique_ptr<WorkerLink> link;  // goes before the child, which it may end
};

base::Result<Worker> startWorker(Context* context, const OpenNetns* netns, std::uint64_t uid, OutputRing* output,
                                 LiveChild::Handlers handlers);
// kInvalid: the worker's refusal; kNotFound: it has ended.
void configureWorker(WorkerLink& link, const state::Process& process, const std::vector<SharedFd>& sockets, Done done);

}  // namespace vpclab::keeper
