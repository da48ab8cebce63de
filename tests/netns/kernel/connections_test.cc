#include "kernel/connections.h"

#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "lab_fixture.h"

using namespace vpclab;
using namespace std::chrono_literals;

TEST_CASE("what is left of a namespace's connections is aborted, its listeners are not") {
  // In a thread of its own, whose namespace goes with it.
  std::thread([] {
    REQUIRE(::unshare(CLONE_NEWNET) == 0);
    REQUIRE(std::system("ip link set lo up") == 0);
    const base::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(4567);
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener.get(), 4) == 0);
    const base::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const base::UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(server);
    REQUIRE(std::system("ss -Htn state established | grep -q :4567") == 0);

    const auto aborted = kernel::abortConnections(base::Deadline::after(5s));
    if (!aborted && aborted.error().kind() == base::ErrorKind::kUnsupported) {
      MESSAGE("this kernel cannot destroy sockets (CONFIG_INET_DIAG_DESTROY)");
      return;
    }
    REQUIRE(aborted);
    CHECK(std::system("ss -Htn state established | grep -q :4567") != 0);
    CHECK(std::system("ss -Htln | grep -q :4567") == 0);
    char byte = 0;
    CHECK(::recv(client.get(), &byte, 1, MSG_DONTWAIT) == -1);
    CHECK((errno == ECONNABORTED || errno == ECONNRESET));  // its own abort, or that of the other end came first
  }).join();
}
