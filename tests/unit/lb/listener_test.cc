#include "lb/listener.h"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace vpclab;
using std::chrono::milliseconds;

TEST_CASE("a listener says how long a silent client has been there when it is taken, as it tells the kernel") {
  auto loop = lb::EventLoop::create();
  REQUIRE(loop);
  lb::LogSink log(STDOUT_FILENO);
  auto listener = std::make_shared<lb::Listener>(**loop, log, std::make_shared<lb::BalancerShared>());
  const auto listening = [] {
    base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::listen(fd.get(), 1) == 0);
    return fd;
  };
  auto socket = listening();
  state::Listener config;
  config.name = "web";
  const auto deferral = [&] {
    REQUIRE(listener->configure(config, base::UniqueFd(::dup(socket.get()))));
    int seconds = -1;
    socklen_t size = sizeof(seconds);
    REQUIRE(::getsockopt(socket.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, &size) == 0);
    CHECK(listener->deferral() == milliseconds(seconds * 1000));
    return seconds;
  };
  config.idleTimeout = milliseconds(10'000);
  CHECK(deferral() == 1);
  socket = listening();  // in the namespace that has taken the place of the first one's
  CHECK(deferral() == 1);
  config.maxConnections = 1;
  CHECK(deferral() == 0);
  config.maxConnections = 0;
  config.idleTimeout = milliseconds(9'999);
  CHECK(deferral() == 0);
  config.idleTimeout = milliseconds(60'000);
  config.protocol = state::ListenerProtocol::kTcp;
  CHECK(deferral() == 0);
}
