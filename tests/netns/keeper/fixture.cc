#include "netns/keeper/fixture.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vpclab::test {

namespace {

void check(bool ok, const std::string& what) {
  if (!ok) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
  }
}

}  // namespace

Lab::Lab() {
  std::string name = "/tmp/vpclab-keeper-XXXXXX";
  check(::mkdtemp(name.data()) != nullptr, "mkdtemp");
  directory_ = name;
  address_ = {directory_ + "/run", "lab1"};
  check(::mkdir((directory_ + "/netns").c_str(), 0755) == 0, "mkdir");
}

Lab::~Lab() {
  CHECK(keeper::terminate(address_, soon()));
  for (const std::string& path : {directory_}) {
    // Only pins are mounted in there.
    shell("for p in " + path + "/netns/*; do while umount $p 2>/dev/null; do :; done; done; rm -rf --one-file-system " +
          path);
  }
}

keeper::Launch Lab::launch() const {
  std::array<char, 4096> self{};
  const ssize_t n = ::readlink("/proc/self/exe", self.data(), self.size());
  check(n > 0, "readlink");
  const std::string program(self.data(), static_cast<std::size_t>(n));
  return {program, program, directory_ + "/netns"};
}

keeper::Client Lab::keeper() const {
  auto client = keeper::Client::ensure(address_, launch(), soon());
  REQUIRE_MESSAGE(client.has_value(), client.error().message());
  return std::move(*client);
}

std::string Lab::pin(const std::string& node) const {
  return directory_ + "/netns/vpclab." + address_.lab + "." + node;
}

void Lab::addNetns(const std::string& node) {
  const std::string path = pin(node);
  ::umount2(path.c_str(), MNT_DETACH);
  std::ofstream(path).close();
  // A thread of its own, whose namespace goes with it.
  std::thread([&] {
    check(::unshare(CLONE_NEWNET) == 0, "unshare");
    check(::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind " + path);
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    check(::ioctl(fd, SIOCSIFFLAGS, &request) == 0, "bring up lo");
    ::close(fd);
  }).join();
}

PidSpace::PidSpace(pid_t pid)
    : fd_(::open(("/proc/" + std::to_string(pid) + "/ns/pid").c_str(), O_RDONLY | O_CLOEXEC)) {
  check(fd_.valid(), "open a PID namespace");
}

int PidSpace::members() const {
  struct stat own = {};
  check(::fstat(fd_.get(), &own) == 0, "stat");
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    struct stat other = {};
    const bool member = ::stat((entry.path() / "ns/pid").c_str(), &other) == 0 && other.st_dev == own.st_dev &&
                        other.st_ino == own.st_ino;
    count += member && alive(std::atoi(entry.path().filename().c_str())) ? 1 : 0;
  }
  return count;
}

void inNetns(const std::string& pin, const std::function<void()>& action) {
  std::thread([&] {
    const int fd = ::open(pin.c_str(), O_RDONLY | O_CLOEXEC);
    check(fd >= 0 && ::setns(fd, CLONE_NEWNET) == 0, "enter " + pin);
    ::close(fd);
    action();
  }).join();
}

std::string fetch(const std::string& pin, std::uint16_t port) {
  std::string text;
  inNetns(pin, [&] {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval second{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      std::array<char, 256> buffer{};
      ssize_t n = 0;
      while ((n = ::read(fd, buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(n));
      }
    }
    ::close(fd);
  });
  return text;
}

bool eventually(const std::function<bool()>& condition, int milliseconds) {
  for (const auto deadline = soon(milliseconds); !deadline.passed(); ::poll(nullptr, 0, 10)) {
    if (condition()) {
      return true;
    }
  }
  return condition();
}

bool alive(pid_t pid) {
  const std::string text = slurp("/proc/" + std::to_string(pid) + "/stat");
  const auto close = text.rfind(')');
  return close != std::string::npos && text.size() > close + 2 && text[close + 2] != 'Z' && text[close + 2] != 'X';
}

std::string slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string shell(const std::string& line) {
  std::string text;
  FILE* pipe = ::popen(line.c_str(), "re");
  check(pipe != nullptr, "popen");
  std::array<char, 4096> buffer{};
  std::size_t n = 0;
  while ((n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    text.append(buffer.data(), n);
  }
  ::pclose(pipe);
  return text;
}

state::Process balancer(const std::string& node, const std::vector<std::pair<std::string, std::uint16_t>>& listeners) {
  state::LoadBalancer spec;
  spec.id = node;
  for (const auto& [name, port] : listeners) {
    state::Listener listener;
    listener.name = name;
    listener.listen = {node, *net::IpAddr::parse("127.0.0.1"), port};
    spec.listeners.push_back(listener);
  }
  return {node, "lb", spec};
}

state::Process command(const std::string& node, const std::vector<std::string>& argv,
                       std::vector<state::PrivateFile> files) {
  return {node, "run", state::Command{argv, std::move(files)}};
}

}  // namespace vpclab::test
