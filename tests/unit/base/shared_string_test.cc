#include "base/shared_string.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "base/boxed.h"

using namespace vpclab::base;

TEST_CASE("a shared text is read like any other") {
  const SharedString name = "bj-server1";
  const std::string same = "bj-server1";
  CHECK(name == "bj-server1");
  CHECK(name == same);
  CHECK(same == name);
  CHECK(name != SharedString("bj-server2"));
  CHECK(name < SharedString("bj-server2"));
  CHECK(SharedString("bj-server2") > name);
  std::vector<SharedString> sorted;
  for (const char* text : {"d", "b", "", "a", "c"}) {
    sorted.emplace_back(text);
  }
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == std::vector<SharedString>{"", "a", "b", "c", "d"});
  CHECK("netns " + name + "/" + same == "netns bj-server1/bj-server1");
  const std::set<std::string> names{name};
  CHECK(names.contains(name));
  std::map<std::string, int> counts;
  ++counts[name];
  CHECK(counts.at(same) == 1);
}

TEST_CASE("copies of a shared text are one, and the empty one is none") {
  SharedString name = std::string("net/ipv4/conf/all/rp_filter");
  const SharedString copy = name;
  CHECK(&copy.str() == &name.str());
  name = "other";
  CHECK(copy == "net/ipv4/conf/all/rp_filter");
  const SharedString moved = std::move(name);
  CHECK(moved == "other");
  CHECK(SharedString("").empty());
  CHECK(SharedString() == "");
  CHECK(SharedString() < SharedString("a"));
}

TEST_CASE("equal texts are united") {
  SharedStrings names;
  SharedString one = std::string("eth0");
  SharedString other = std::string("eth0");
  CHECK(&one.str() != &other.str());
  names.unite(one);
  names.unite(other);
  CHECK(&one.str() == &other.str());
}

TEST_CASE("threads may copy one text") {
  const SharedString name = "eth0";
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&name] {
      std::vector<SharedString> copies;
      for (int n = 0; n < 1000; ++n) {
        copies.push_back(name);
      }
      for (int n = 0; n < 100'000; ++n) {  // comes and goes: one that is not counted frees it too early
        const SharedString copy = name;
        copies.back() = copy;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(name == "eth0");
}

TEST_CASE("what is boxed is copied with its box") {
  Boxed<std::string> one = std::string("a");
  Boxed<std::string> copy = one;
  CHECK(copy == one);
  CHECK(&*copy != &*one);
  *copy = "b";
  CHECK(one == std::string("a"));
  CHECK_FALSE(copy == one);
  CHECK_FALSE(copy == std::string("a"));
  copy = one;
  CHECK(copy == one);
  CHECK(&*copy != &*one);
  *one = "c";
  CHECK(copy == std::string("a"));
  copy = *&copy;
  CHECK(copy == std::string("a"));
}

TEST_CASE("what was moved from its box is whole, and may be used again") {
  Boxed<std::string> one = std::string("a");
  const Boxed<std::string> moved = std::move(one);
  CHECK(*moved == "a");
  one = std::string("b");
  Boxed<std::string> other;
  CHECK(other->empty());
  other = std::move(one);
  CHECK(*other == "b");
  *one = "c";
  CHECK(*one == "c");
  CHECK(*other == "b");
}
