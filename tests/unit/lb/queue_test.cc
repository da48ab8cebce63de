#include "lb/queue.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace vpclab;

namespace {

// Notes that it is asked; leaves where there is something for it.
struct Asked : lb::Waiter {
  Asked(lb::Queue& to, std::string& into, char letter, bool choosy)
      : queue(to), asked(into), name(letter), place(to.join(*this, choosy)) {}
  bool offer() override {
    asked += name;
    if (served) {
      queue.leave(place);
    }
    return served;
  }
  lb::Queue& queue;
  std::string& asked;
  char name;
  bool served = false;
  lb::Queue::Place place;
};

}  // namespace

TEST_CASE("who finds all full speaks for those behind, but not for who may go elsewhere, nor they for others") {
  auto loop = *lb::EventLoop::create();
  lb::Queue queue(*loop);
  std::string asked;
  std::vector<std::unique_ptr<Asked>> all;
  for (const char name : {'A', 'b', 'C', 'D', 'e', 'F'}) {
    all.push_back(std::make_unique<Asked>(queue, asked, name, name >= 'a'));  // small letters: choosy
  }
  const auto serve = [&] {
    asked.clear();
    queue.serve(std::make_shared<int>());
    REQUIRE(loop->runOnce(std::chrono::milliseconds(0)));
    return asked;
  };
  CHECK(serve() == "Abe");
  all[0]->served = true;
  CHECK(serve() == "AbCe");
  all[4]->served = true;
  CHECK(serve() == "bCe");
  CHECK(serve() == "bC");
  all[1]->served = true;
  CHECK(serve() == "bC");
  CHECK(serve() == "C");
  CHECK(queue.size() == 3);
}
