#include "unit/lb/raw_server.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

namespace vpclab::test {

RawServer::RawServer(const std::string& address, std::function<void(int, int)> serve)
    : socket_(address), serve_(std::move(serve)) {
  acceptor_ = std::thread([this] {
    std::vector<std::thread> threads;
    while (!stop_) {
      pollfd entry{socket_.fd.get(), POLLIN, 0};
      if (::poll(&entry, 1, 20) <= 0) {
        continue;
      }
      threads.emplace_back([this, fd = ::accept4(socket_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC)] {
        const base::UniqueFd owned(fd);
        char first = 0;
        if (::recv(fd, &first, 1, MSG_PEEK) == 1) {
          serve_(fd, served_++);
        }
      });
    }
    for (auto& thread : threads) {
      thread.join();
    }
  });
}

RawServer::~RawServer() {
  stop_ = true;
  acceptor_.join();
}

std::string readUntil(int fd, const std::string& end) {
  std::string out;
  const auto deadline = base::Deadline::after(std::chrono::milliseconds(5000));
  while (out.size() < end.size() || out.compare(out.size() - end.size(), end.size(), end) != 0) {
    pollfd entry{fd, POLLIN, 0};
    char c = 0;
    if (::poll(&entry, 1, deadline.pollTimeout()) <= 0 || ::recv(fd, &c, 1, 0) != 1) {
      break;
    }
    out += c;
  }
  return out;
}

void write(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (n <= 0) {
      return;
    }
    at += static_cast<std::size_t>(n);
  }
}

}  // namespace vpclab::test
