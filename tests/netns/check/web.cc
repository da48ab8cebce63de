#include "web.h"

#include <array>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

Web::Web(vpclab::base::UniqueFd listener, std::uint16_t port, Respond respond, bool closes)
    : listener_(std::move(listener)), respond_(std::move(respond)), closes_(closes) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0);
  REQUIRE(::listen(listener_.get(), 64) == 0);
  thread_ = std::thread([this] { serve(); });
}

Web::~Web() {
  stop_ = true;
  thread_.join();
}

std::vector<std::string> Web::ids() const {
  const std::lock_guard lock(mutex_);
  return ids_;
}

void Web::serve() {
  std::vector<std::thread> threads;
  while (!stop_) {
    pollfd entry{listener_.get(), POLLIN, 0};
    if (::poll(&entry, 1, 20) > 0) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) {
        ++connections_;
        threads.emplace_back([this, fd] { serveConnection(fd); });
      }
    }
  }
  for (auto& thread : threads) {
    thread.join();
  }
}

void Web::serveConnection(int fd) {
  const vpclab::base::UniqueFd owned(fd);
  std::string in;
  while (!stop_) {
    pollfd entry{fd, POLLIN, 0};
    if (::poll(&entry, 1, 20) <= 0) {
      continue;
    }
    std::array<char, 4096> bytes{};
    const ssize_t n = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (n <= 0) {
      return;
    }
    in.append(bytes.data(), static_cast<std::size_t>(n));
    for (auto end = in.find("\r\n\r\n"); end != std::string::npos; end = in.find("\r\n\r\n")) {
      const std::string head = in.substr(0, end + 4);
      in.erase(0, end + 4);
      std::string out;
      {
        const std::lock_guard lock(mutex_);
        out = respond_(number_++, head);
        const auto id = head.find("X-Request-Id: ");
        if (id != std::string::npos) {
          ids_.push_back(head.substr(id + 14, head.find("\r\n", id) - id - 14));
        }
      }
      (void)::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
      if (closes_) {
        return;
      }
    }
  }
}

std::string response(const std::string& body, const std::string& status) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
