#include "lb/balance.h"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace vpclab;
using lb::Candidate;
using lb::Health;
using state::Balance;

namespace {

const net::IpAddr kClient = *net::IpAddr::parse("10.0.0.1");

std::vector<Candidate> makeUp(const std::vector<std::uint32_t>& weights) {
  std::vector<Candidate> out;
  for (const auto weight : weights) {
    Candidate one;
    one.weight = weight;
    one.health = Health::kUp;
    out.push_back(one);
  }
  return out;
}

// The numbers of the chosen, from 1; '-' for nobody.
std::string turns(Balance balance, std::vector<Candidate>& all, int count) {
  std::string out;
  std::uint64_t turn = 0;
  for (int i = 0; i < count; ++i) {
    const auto chosen = lb::pick(balance, all, kClient, turn);
    out += chosen ? std::to_string(*chosen + 1) : "-";
  }
  return out;
}

}  // namespace

TEST_CASE("round robin") {
  auto equal = makeUp({1, 1, 1});
  CHECK(turns(Balance::kRoundRobin, equal, 12) == "123123123123");
  auto weighted = makeUp({2, 1});
  CHECK(turns(Balance::kRoundRobin, weighted, 6) == "121121");
  auto drained = makeUp({1, 0, 1});
  CHECK(turns(Balance::kRoundRobin, drained, 4) == "1313");
  auto disabled = makeUp({1, 1, 1});
  disabled[0].disabled = true;
  CHECK(turns(Balance::kRoundRobin, disabled, 4) == "2323");
  auto none = makeUp({0});
  CHECK(turns(Balance::kRoundRobin, none, 1) == "-");
}

TEST_CASE("the circle is exact again after one comes or goes") {
  auto all = makeUp({1, 1, 1});
  CHECK(turns(Balance::kRoundRobin, all, 4) == "1231");
  all[1].health = Health::kDown;
  CHECK(turns(Balance::kRoundRobin, all, 4) == "1313");
  all[1].health = Health::kUp;
  CHECK(turns(Balance::kRoundRobin, all, 6) == "123123");
}

TEST_CASE("a second choice does not disturb the turns") {
  auto all = makeUp({1, 1, 1});
  CHECK(turns(Balance::kRoundRobin, all, 1) == "1");
  all[0].tried = true;
  CHECK(turns(Balance::kRoundRobin, all, 1) == "2");
  all[0].tried = false;
  CHECK(turns(Balance::kRoundRobin, all, 5) == "23123");
}

TEST_CASE("who may take part") {
  auto all = makeUp({1, 1, 1, 1});
  all[2].backup = all[3].backup = true;
  CHECK(turns(Balance::kRoundRobin, all, 4) == "1212");
  all[0].health = Health::kUnknown;
  CHECK(turns(Balance::kRoundRobin, all, 2) == "22");
  all[1].health = Health::kDown;
  CHECK(turns(Balance::kRoundRobin, all, 2) == "11");
  all[0].health = Health::kDown;
  CHECK(turns(Balance::kRoundRobin, all, 2) == "34");
  all[2].health = all[3].health = Health::kDown;
  CHECK(turns(Balance::kRoundRobin, all, 1) == "-");
}

TEST_CASE("least connections") {
  auto all = makeUp({1, 1, 1});
  CHECK(turns(Balance::kLeastConnections, all, 6) == "123123");
  all[0].active = 5;
  all[1].active = 1;
  all[2].active = 2;
  CHECK(turns(Balance::kLeastConnections, all, 2) == "22");
  all[0].weight = 10;
  CHECK(turns(Balance::kLeastConnections, all, 2) == "11");
}

TEST_CASE("source: while a backend is full its clients go to the next one, and nobody else's place changes") {
  auto all = makeUp({1, 2, 1});
  std::uint64_t turn = 0;
  for (std::uint32_t i = 0; i < 100; ++i) {
    const auto client = net::IpAddr::v4(0x0a000000U + i);
    const auto own = *lb::pick(Balance::kSource, all, client, turn);
    for (std::size_t full = 0; full < 3; ++full) {
      all[full].full = true;
      CHECK(*lb::pick(Balance::kSource, all, client, turn) == (own == full ? (own + 1) % 3 : own));
      all[full].full = false;
    }
  }
}

TEST_CASE("source keeps a client at its backend and spreads clients") {
  auto all = makeUp({1, 1, 1});
  std::map<std::size_t, int> hits;
  std::uint64_t turn = 0;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const auto client = net::IpAddr::v4(0x0a000000U + i);
    const auto first = lb::pick(Balance::kSource, all, client, turn);
    CHECK(lb::pick(Balance::kSource, all, client, turn) == first);
    ++hits[*first];
  }
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(hits[i] > 60);
  }
}
