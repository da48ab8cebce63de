#include "daemon/kept_labs.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <doctest/doctest.h>
#include <sys/stat.h>

namespace vpclab::daemon {

namespace {

struct TemporaryDir {
  std::string path = [] {
    std::string name = std::filesystem::temp_directory_path() / "vpclab-kept-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    return name;
  }();
  ~TemporaryDir() { std::filesystem::remove_all(path); }
};

const api::Bundle kBundle{"lab.yaml", {{"lab.yaml", "lab: a\n"}}};

mode_t modeOf(const std::string& path) {
  struct stat info = {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

}  // namespace

TEST_CASE("what is kept is found again, its owner's alone, and goes with its directory") {
  const TemporaryDir dir;
  const std::string state = dir.path + "/state";
  const KeptLabs kept(state);
  CHECK(kept.labs()->empty());
  CHECK(kept.forget("a").has_value());
  REQUIRE(kept.keep("a", kBundle, {}).has_value());
  REQUIRE(kept.keep("b", kBundle, {}).has_value());
  CHECK(*kept.labs() == std::vector<std::string>{"a", "b"});
  CHECK((**kept.load("a")).bundle == kBundle);
  CHECK(modeOf(state) == 0700);
  CHECK(modeOf(state + "/labs/a") == 0700);
  CHECK(modeOf(state + "/labs/a/bundle.json") == 0600);
  CHECK(kept.forget("a").has_value());
  CHECK(kept.forget("a").has_value());
  CHECK(*kept.labs() == std::vector<std::string>{"b"});
  CHECK(kept.forget("b").has_value());
  CHECK_FALSE(std::filesystem::exists(state));
}

TEST_CASE("one lab is kept while another is forgotten") {
  const TemporaryDir dir;
  const KeptLabs kept(dir.path + "/state");
  std::atomic<bool> done = false;
  std::thread forgetting([&] {
    while (!done) {
      CHECK(kept.keep("a", kBundle, {}).has_value());
      CHECK(kept.forget("a").has_value());
    }
  });
  for (int i = 0; i < 200; ++i) {
    CHECK(kept.keep("b", kBundle, {}).has_value());
    CHECK(kept.forget("b").has_value());
  }
  done = true;
  forgetting.join();
}

TEST_CASE("a directory that others can write to is neither read nor written") {
  const TemporaryDir dir;
  const KeptLabs kept(dir.path);
  REQUIRE(kept.keep("a", kBundle, {}).has_value());
  REQUIRE(::chmod((dir.path + "/labs").c_str(), 0777) == 0);
  CHECK_FALSE(kept.labs().has_value());
  CHECK_FALSE(kept.keep("a", kBundle, {}).has_value());
}

TEST_CASE("without a place nothing is kept, and who wants that is told") {
  const KeptLabs none("");
  CHECK(none.labs()->empty());
  CHECK(none.forget("a").has_value());
  const auto refused = none.keep("a", kBundle, {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message().find("--state-dir") != std::string::npos);
}

}  // namespace vpclab::daemon
