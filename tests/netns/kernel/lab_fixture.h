#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "kernel/system.h"
#include "plan/plan.h"
#include "plan/touched.h"

namespace vpclab::tests {

// Output of a shell command; its exit status goes to `status`.
inline std::string shell(const std::string& command, int* status = nullptr) {
  std::string out;
  FILE* pipe = ::popen(("( " + command + "\n) 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    out.append(buffer.data(), n);
  }
  const int result = ::pclose(pipe);
  if (status != nullptr) {
    *status = result;
  }
  return out;
}

// A lab with a run directory and a pin directory of its own, gone with the object.
class LabFixture {
 public:
  explicit LabFixture(const std::string& suffix = "a")
      : name("t" + std::to_string(::getpid()) + "-" + suffix), directory(makeDirectory()) {
    system = makeSystem(runDir());
  }
  ~LabFixture() {
    for (const auto& error : system->destroy(name, base::Deadline::after(base::Milliseconds(20000)))) {
      MESSAGE(error.message());
    }
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  LabFixture(const LabFixture&) = delete;
  LabFixture& operator=(const LabFixture&) = delete;

  std::string runDir() const { return directory + "/run"; }
  std::string netnsDir() const { return directory + "/netns"; }
  std::unique_ptr<kernel::System> makeSystem(const std::string& run) {
    std::filesystem::create_directories(run);
    kernel::Options options;
    options.runDir = run;
    options.netnsDir = netnsDir();
    options.keeperProgram = std::filesystem::read_symlink("/proc/self/exe").string();  // see main.cc
    options.onUnheard = [this](const std::string&, const std::string& why) { unheard.push_back(why); };
    auto made = kernel::makeSystem(options);
    REQUIRE(made);
    return std::move(*made);
  }

  static base::Deadline soon() { return base::Deadline::after(base::Milliseconds(10000)); }

  static state::ObjectPtr whole(const state::Object& object) {
    return std::make_shared<const state::Object>(state::normalise(object));
  }
  std::vector<base::Result<>> execute(plan::Action action, const std::vector<state::Object>& objects,
                                      const std::vector<state::Object>& before = {}) {
    std::vector<plan::Step> steps;
    for (std::size_t i = 0; i < objects.size(); ++i) {
      plan::Step step;
      step.action = action;
      step.key = state::keyOf(objects[i]);
      (action == plan::Action::kDelete ? step.before : step.after) = whole(objects[i]);
      if (action == plan::Action::kUpdate) {
        step.before = whole(before[i]);
      }
      steps.push_back(std::move(step));
    }
    const auto then = system->observe(name);
    auto out = system->execute(name, steps, soon());
    if (then) {
      checkAgain(*then, steps);
    }
    return out;
  }
  // That to look at what was touched, and at nothing else, sees the same as to look at all.
  void checkAgain(const state::State& before, const std::vector<plan::Step>& steps) {
    const auto first = system->observe(name);
    const auto again = system->observeAgain(name, before, plan::touchedBy(steps, before));
    const auto second = system->observe(name);
    CHECK(again.has_value() == second.has_value());
    // But for what the kernel takes away just then.
    if (first && again && second && *first == *second) {
      for (const auto& wanted : second->entries()) {
        const auto& key = wanted.key();
        const auto* seen = again->find(key);
        CHECK_MESSAGE((seen != nullptr && *seen->object == *wanted.object), "not seen again: " << key.toString());
      }
      for (const auto& found : again->entries()) {
        const auto& key = found.key();
        CHECK_MESSAGE(second->find(key) != nullptr, "still seen: " << key.toString());
      }
    }
  }
  // Each must succeed.
  void create(const std::vector<state::Object>& objects) { require(execute(plan::Action::kCreate, objects)); }
  void remove(const std::vector<state::Object>& objects) { require(execute(plan::Action::kDelete, objects)); }
  void update(const state::Object& before, const state::Object& after) {
    require(execute(plan::Action::kUpdate, {after}, {before}));
  }
  // The error of a single creation.
  base::Error refuse(const state::Object& object) {
    auto results = execute(plan::Action::kCreate, {object});
    REQUIRE_FALSE(results.front());
    return results.front().error();
  }
  void makeNodes(const std::vector<std::string>& nodes) {
    std::vector<state::Object> objects;
    for (const auto& node : nodes) {
      objects.emplace_back(state::Netns{node});
    }
    create(objects);
  }

  state::State observe() {
    auto observed = system->observe(name);
    if (!observed) {
      FAIL(observed.error().message());
    }
    return std::move(*observed);
  }
  template <class T>
  bool holds(const T& object) {
    const auto state = observe();
    const auto* found = state.get<T>(object.key());
    return found != nullptr && state::isAsWanted(state::normalise(object), *found);
  }
  template <class T>
  bool has(const T& object) {
    return observe().find(object.key()) != nullptr;
  }

  // Runs a program inside a node: the reader that is independent of ours.
  std::string in(const std::string& node, const std::string& command, int* status = nullptr) {
    return shell("nsenter --net=" + system->pinPath(name, node) + " " + command, status);
  }
  nlohmann::json jsonIn(const std::string& node, const std::string& command) {
    return nlohmann::json::parse(in(node, command), nullptr, false);
  }

  std::string name;
  std::string directory;
  std::vector<std::string> unheard;  // what its systems have told of it
  std::unique_ptr<kernel::System> system;

 private:
  static std::string makeDirectory() {
    std::string path = "/tmp/vpclab-test-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    return path;
  }
  static void require(const std::vector<base::Result<>>& results) {
    for (const auto& result : results) {
      if (!result) {
        FAIL(result.error().message());
      }
    }
  }
};

// Without root there are no namespaces; CTest shows the test as skipped (exit status 77).
inline void skipUnlessRoot() {
  if (::geteuid() != 0) {
    std::puts("skipped: network namespaces need root");
    std::exit(77);
  }
}

}  // namespace vpclab::tests
