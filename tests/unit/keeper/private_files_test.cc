#include "keeper/private_files.h"

#include <vector>

#include <doctest/doctest.h>

using namespace vpclab;

namespace {

base::Result<> check(const std::string& path, std::size_t size = 0, std::size_t count = 1) {
  return keeper::checkPrivateFiles(std::vector<state::PrivateFile>(count, {path, std::string(size, 'x')}));
}

}  // namespace

TEST_CASE("private files: what can be one") {
  CHECK(check("/var/www/html/index.html"));
  CHECK(check("/index.html"));
  for (const char* path : {"", "/", "x", "./x", "/x/", "/x//y", "/x/../y", "/x/./y", "/proc/x", "/sys/x", "/dev/x"}) {
    CHECK(check(path).error().kind() == base::ErrorKind::kInvalid);
  }
  CHECK(check(std::string("/a\0b", 4)).error().kind() == base::ErrorKind::kInvalid);
  CHECK(check("/" + std::string(300, 'a')).error().kind() == base::ErrorKind::kInvalid);
  CHECK(check("/x", 0, 257).error().kind() == base::ErrorKind::kLimit);
  CHECK(check("/x", 1 << 20, 17).error().kind() == base::ErrorKind::kLimit);
}
