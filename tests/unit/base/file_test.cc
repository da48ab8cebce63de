#include "base/file.h"

#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>

using namespace vpclab::base;

TEST_CASE("a file is replaced whole, and what could not be leaves nothing beside it") {
  std::string directory = std::filesystem::temp_directory_path() / "vpclab-file-XXXXXX";
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  const std::string path = directory + "/file";
  for (const char* text : {"one", "another"}) {
    REQUIRE(writeFileAtomically(path, text, 0600).has_value());
    CHECK(*readFile(path, 100) == text);
  }
  std::filesystem::create_directory(directory + "/taken");
  CHECK_FALSE(writeFileAtomically(directory + "/taken", "text", 0600).has_value());
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
  CHECK_FALSE(std::filesystem::exists(directory + "/taken.new"));
  std::filesystem::remove_all(directory);
}

TEST_CASE("the directory of a path") {
  CHECK(parentOf("/a/b/c") == "/a/b");
  CHECK(parentOf("/a") == "/");
  CHECK(parentOf("a") == ".");
  CHECK(parentOf("a/b") == "a");
}

TEST_CASE("a directory can be synced, and nothing else") {
  CHECK(syncDirectory("/").has_value());
  CHECK_FALSE(syncDirectory("/dev/null").has_value());
}
