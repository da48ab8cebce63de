#include "kernel/destroy.h"

#include <filesystem>
#include <optional>
#include <set>

#include <sys/stat.h>

#include "keeper/client.h"
#include "kernel/connections.h"
#include "kernel/gone.h"
#include "kernel/holders.h"
#include "kernel/namespaces.h"
#include "kernel/procfs_pool.h"
#include "kernel/threads.h"

namespace vpclab::kernel {

namespace {

class Destruction {
 public:
  Destruction(Environment& environment, const std::string& lab, base::Deadline deadline)
      : environment_(environment), lab_(lab), deadline_(deadline) {}

  std::vector<base::Error> run() {
    // The keeper first: it would start again what is ended here.
    note(keeper::terminate({environment_.options.runDir, lab_}, halfOfTheRest()));
    auto pins = environment_.pins.list(lab_);
    if (!pins) {
      errors_.push_back(std::move(pins.error()));
      return std::move(errors_);
    }
    sortOut(*pins);
    for (auto& error : endProcessesIn(ids_, halfOfTheRest())) {
      errors_.push_back(std::move(error));
    }
    procfsPool().clear();  // or the kernel would take out of its cache of names what is in there one by one
    note(onThreads(1, [this](std::size_t) { removeAndWait(); }));
    // A second try needs what is stored there, and a keeper that did not end its lock.
    if (errors_.empty()) {
      removeDirectory();
    }
    environment_.pins.removeDirectory();
    return std::move(errors_);
  }

 private:
  // For a wait on somebody who may never end: the steps after it have the other half.
  base::Deadline halfOfTheRest() const { return base::Deadline::after(deadline_.left() / 2); }

  void note(base::Result<> result) {
    if (!result) {
      errors_.push_back(std::move(result.error()).context("remove lab " + lab_));
    }
  }

  // Ours, dead ones, and those that are left alone: all of them, where nobody could look.
  void sortOut(const std::vector<Pin>& pins) {
    std::vector<base::Result<>> owned(pins.size());
    auto looked = onThreads(pins.size(), [&](std::size_t i) {
      auto socket = enterOwned(environment_, pins[i].path, deadline_);
      owned[i] = socket ? base::Result<>() : base::fail(std::move(socket.error()));
      if (socket) {
        // A closed connection whose other end has gone without a word keeps its namespace alive while it repeats its
        // FIN: 8 times by default, two minutes. 1 is the least, tcp(7). Not being able to only makes it slow.
        static_cast<void>(environment_.procSys.write("net/ipv4/tcp_orphan_retries", "1"));
      }
    });
    if (!looked) {
      note(std::move(looked));
      return;
    }
    for (std::size_t i = 0; i < pins.size(); ++i) {
      struct stat info = {};
      if (owned[i] && ::stat(pins[i].path.c_str(), &info) == 0) {
        living_.push_back(pins[i]);
        ids_.emplace(info.st_dev, info.st_ino);
      } else if (!owned[i] && owned[i].error().kind() == base::ErrorKind::kInvalid) {
        dead_.push_back(pins[i]);
      } else if (!owned[i] && owned[i].error().kind() != base::ErrorKind::kNotFound) {
        note(std::move(owned[i]));
      }
    }
  }

  void removeAndWait() {
    for (const Pin& pin : dead_) {
      note(Pins::unpin(pin.path));
    }
    if (living_.empty()) {
      return;
    }
    abortAll();
    // Without a watch the namespaces go all the same; only nobody knows when.
    auto watch = GoneWatch::make();
    if (watch) {
      for (const Pin& pin : living_) {
        note(watch->watch(pin, deadline_));
      }
      note(watch->putSentinel(living_.back(), deadline_));
    } else {
      note(base::fail(watch.error()));
    }
    bool allUnpinned = true;
    for (const Pin& pin : living_) {
      auto unpinned = Pins::unpin(pin.path);
      allUnpinned = allUnpinned && unpinned.has_value();
      note(std::move(unpinned));
    }
    // What is still pinned never goes: waiting for it would only delay the error that says so.
    if (watch && allUnpinned) {
      note(watch->wait(deadline_));
    }
  }

  // Now that nobody owns them. Not being able to only makes the end slow, and the watch sees the end.
  void abortAll() {
    note(onThreads(living_.size(), [this](std::size_t i) {
      if (enterOwned(environment_, living_[i].path, deadline_)) {
        static_cast<void>(abortConnections(deadline_));
      }
    }));
  }

  void removeDirectory() {
    const std::string path = environment_.options.runDir + "/labs/" + lab_;
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) {
      note(base::fail(base::Error::fromErrno(error.value(), "remove " + path)));
    }
  }

  Environment& environment_;
  const std::string& lab_;
  base::Deadline deadline_;
  std::vector<base::Error> errors_;
  std::vector<Pin> living_;
  std::vector<Pin> dead_;
  std::set<NetnsId> ids_;
};

}  // namespace

std::vector<base::Error> destroy(Environment& environment, const std::string& lab, base::Deadline deadline) {
  if (auto valid = checkLabName(lab); !valid) {
    return {std::move(valid.error())};
  }
  return Destruction(environment, lab, deadline).run();
}

base::Result<std::vector<std::string>> listLabs(const Environment& environment, base::Deadline deadline) {
  auto pins = environment.pins.list("");
  if (!pins) {
    return base::fail(std::move(pins.error()));
  }
  std::vector<base::Result<>> owned(pins->size());
  auto ran = onThreads(pins->size(), [&](std::size_t i) {
    auto socket = enterOwned(environment, (*pins)[i].path, deadline);
    owned[i] = socket ? base::Result<>() : base::fail(std::move(socket.error()));
  });
  if (!ran) {
    return base::fail(std::move(ran.error()));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < pins->size(); ++i) {
    if (owned[i]) {
      names.insert((*pins)[i].lab);
    } else if (owned[i].error().kind() == base::ErrorKind::kTimeout) {
      return base::fail(std::move(owned[i].error()));
    }
  }
  std::error_code error;
  std::filesystem::directory_iterator it(environment.options.runDir + "/labs", error);
  for (const std::filesystem::directory_iterator end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (checkLabName(name)) {
      names.insert(std::move(name));
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace vpclab::kernel
