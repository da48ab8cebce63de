#include "daemon/run_dir.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/unique_fd.h"

namespace vpclab::daemon {

TEST_CASE("nobody else can open the lock of a run directory, whoever made it, and it is held once") {
  std::string path = std::filesystem::temp_directory_path() / "vpclab-run-XXXXXX";
  REQUIRE(::mkdtemp(path.data()) != nullptr);
  const std::string lock = path + "/vpclabd.lock";
  for (const bool old : {false, true}) {
    CAPTURE(old);
    if (old) {
      std::ofstream(lock) << "17";
      REQUIRE(::chmod(lock.c_str(), 0644) == 0);
    }
    {
      const auto claimed = RunDir::claim(path);
      REQUIRE(claimed.has_value());
      struct stat info = {};
      REQUIRE(::stat(lock.c_str(), &info) == 0);
      CHECK((info.st_mode & 07777U) == 0600U);
      const auto second = RunDir::claim(path);
      REQUIRE_FALSE(second.has_value());
      CHECK(second.error().kind() == base::ErrorKind::kBusy);
      claimed->removeAll();
    }
    std::filesystem::create_directory(path);
  }
  std::filesystem::remove_all(path);
}

namespace {

// How many of this process's descriptors are of the file.
std::size_t openCount(const std::string& path) {
  std::size_t out = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    out += std::filesystem::read_symlink(entry.path(), ignored) == path ? 1 : 0;
  }
  return out;
}

}  // namespace

TEST_CASE("the lock of a daemon that was killed is waited for, which a child of its still holds for a moment") {
  std::string path = std::filesystem::temp_directory_path() / "vpclab-run-XXXXXX";
  REQUIRE(::mkdtemp(path.data()) != nullptr);
  const std::string lock = path + "/vpclabd.lock";
  base::UniqueFd held(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(held.valid());
  REQUIRE(::flock(held.get(), LOCK_EX | LOCK_NB) == 0);
  std::thread child([&] {
    while (openCount(lock) < 2) {  // until the other one has come
      std::this_thread::yield();
    }
    held.reset();
  });
  const auto claimed = RunDir::claim(path);
  child.join();
  REQUIRE(claimed.has_value());
  claimed->removeAll();
  std::filesystem::remove_all(path);
}

}  // namespace vpclab::daemon
