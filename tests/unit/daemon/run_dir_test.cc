#include "daemon/run_dir.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <sys/stat.h>

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

}  // namespace vpclab::daemon
