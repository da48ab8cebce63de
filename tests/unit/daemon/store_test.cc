#include "daemon/store.h"

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace vpclab::daemon {

namespace {

struct TemporaryDir {
  std::string path = [] {
    std::string name = std::filesystem::temp_directory_path() / "vpclab-store-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    std::filesystem::create_directory(name + "/labs");
    return name;
  }();
  ~TemporaryDir() { std::filesystem::remove_all(path); }
};

compile::Allocations someAllocations() {
  compile::Allocations out;
  out.addresses["s1"] = *net::IpAddr::parse("172.16.1.2");
  out.privateKeys["gw"].bytes[3] = 7;
  out.wanAddresses["gw"] = *net::IpAddr::parse("100.64.0.1");
  out.domainNumbers["br/main"] = 1;
  out.eipNumbers["eip"] = 2;
  return out;
}

}  // namespace

TEST_CASE("what was stored is found again, keys readable by their owner alone") {
  const TemporaryDir dir;
  const Store store(dir.path);
  const api::Bundle bundle{"lab.yaml", {{"lab.yaml", "lab: a\n"}}};
  REQUIRE(store.saveAllocations("a", someAllocations()).has_value());
  REQUIRE(store.saveBundle("a", bundle).has_value());
  const auto loaded = store.load("a");
  REQUIRE(loaded.has_value());
  REQUIRE(loaded->has_value());
  CHECK(((*loaded)->bundle == bundle));
  std::tm applied{};
  const char* end = ::strptime((*loaded)->appliedAt.c_str(), "%Y-%m-%dT%H:%M:%SZ", &applied);
  REQUIRE((end != nullptr && *end == 0));
  CHECK(std::abs(std::difftime(std::time(nullptr), ::timegm(&applied))) < 60);
  CHECK(((*loaded)->allocations == someAllocations()));
  struct stat info = {};
  REQUIRE(::stat((dir.path + "/labs/a/allocations.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(*store.labs() == std::vector<std::string>{"a"});
  REQUIRE(store.forget("a").has_value());
  CHECK(store.labs()->empty());
  CHECK_FALSE(store.load("a")->has_value());
}

TEST_CASE("a damaged file is an error that names it") {
  const TemporaryDir dir;
  const Store store(dir.path);
  REQUIRE(store.saveBundle("a", {"lab.yaml", {}}).has_value());
  REQUIRE(base::writeFileAtomically(dir.path + "/labs/a/allocations.json", "{\"addresses\":", 0600).has_value());
  const auto loaded = store.load("a");
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().message().find("allocations.json") != std::string::npos);
}

TEST_CASE("no name leads out of the directory") {
  const TemporaryDir dir;
  const Store store(dir.path);
  for (const char* name : {"..", "a/b", "", "A", "a.b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    CAPTURE(name);
    CHECK_FALSE(isLabName(name));
    CHECK_FALSE(store.saveBundle(name, {}).has_value());
    CHECK_FALSE(store.forget(name).has_value());
  }
}

}  // namespace vpclab::daemon
