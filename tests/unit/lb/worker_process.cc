#include "unit/lb/worker_process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/frame_socket.h"
#include "http/blocking.h"
#include "state/process_json.h"

namespace vpclab::test {

using base::Deadline;
using std::chrono::milliseconds;

namespace {

sockaddr_in socketAddress(const net::IpAddr& address, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(address.v4HostOrder());
  out.sin_port = htons(port);
  return out;
}

Deadline soon() {
  return Deadline::after(milliseconds(5000));
}

}  // namespace

Listening::Listening(const std::string& text) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  address.netns = text;
  address.address = *net::IpAddr::parse(text);
  auto wanted = socketAddress(address.address, 0);
  socklen_t size = sizeof(wanted);
  REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&wanted), size) == 0);
  REQUIRE(::listen(fd.get(), 256) == 0);
  REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&wanted), &size) == 0);
  address.port = ntohs(wanted.sin_port);
}

Listening::Listening(const state::ListenAddress& again)
    : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), address(again) {
  const int on = 1;
  const auto wanted = socketAddress(again.address, again.port);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&wanted), sizeof(wanted)) == 0);
  REQUIRE(::listen(fd.get(), 256) == 0);
}

base::UniqueFd connectTo(const state::ListenAddress& address) {
  base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto target = socketAddress(address.address, address.port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0) {
    fd.reset();
  }
  return fd;
}

Worker::Worker() {
  std::array<int, 2> pair{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const std::string program = VPCLAB_BINARY_DIR "/bin/vpclab-worker";
  const std::string uid = std::to_string(::geteuid() == 0 ? 65534 : ::geteuid());
  log_.reset(::memfd_create("log", MFD_CLOEXEC));
  REQUIRE(log_);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(pair[1], 3);
    if (pair[1] == 3) {
      ::fcntl(3, F_SETFD, 0);
    }
    ::dup2(log_.get(), 1);
    ::execl(program.c_str(), program.c_str(), "serve", "--uid", uid.c_str(), nullptr);
    ::_exit(127);
  }
  REQUIRE(pid_ > 0);
  ::close(pair[1]);
  control_.reset(pair[0]);
}

Worker::~Worker() {
  end();
}

int Worker::end() {
  if (pid_ <= 0) {
    return -1;
  }
  control_.reset();
  int status = 0;
  for (int i = 0; i < 500; ++i) {
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return -1;
}

std::string Worker::log() const {
  std::string out(1 << 20, '\0');
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(log_.get(), out.data(), out.size(), 0))));
  return out;
}

std::string Worker::waitForLog(const std::string& part) const {
  for (int i = 0; i < 500 && log().find(part) == std::string::npos; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  return log();
}

nlohmann::json Worker::call(const std::string& body, const std::vector<int>& sockets) {
  REQUIRE(base::sendFrame(control_.get(), body, sockets, soon()));
  const auto reply = base::receiveFrame(control_.get(), base::kMaxFrameBytes, 0, soon());
  REQUIRE_MESSAGE(reply, reply.error().message());
  return nlohmann::json::parse(reply->body);
}

nlohmann::json Worker::configure(const state::Process& process, const std::vector<int>& sockets) {
  return call(nlohmann::json{{"op", "configure"}, {"process", state::processToJson(process)}}.dump(), sockets);
}

nlohmann::json Worker::status() {
  return call(R"({"op":"status"})")["status"];
}

bool Worker::waitForState(const std::string& state) {
  for (int i = 0; i < 500; ++i) {
    bool all = true;
    const auto backends = status()["listeners"][0]["backends"];
    for (const auto& backend : backends) {
      all = all && backend["state"] == state;
    }
    if (all) {
      return true;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

state::Listener listenerFor(const Listening& front, const std::vector<state::ListenAddress>& backends) {
  state::Listener out;
  out.name = "web";
  out.listen = front.address;
  out.healthCheck.interval = milliseconds(2000);
  out.healthCheck.timeout = milliseconds(1000);
  out.connectTimeout = milliseconds(1000);
  for (const auto& backend : backends) {
    out.backends.push_back({"s" + std::to_string(out.backends.size() + 1), backend.address, backend.port});
  }
  return out;
}

Lab::Lab() : front("127.0.20.9") {
  state::PageServer config;
  std::vector<int> sockets;
  std::vector<state::ListenAddress> addresses;
  for (int i = 1; i <= 3; ++i) {
    const std::string name = "s" + std::to_string(i);
    sites.emplace_back("127.0.20." + std::to_string(i));
    sockets.push_back(sites.back().fd.get());
    addresses.push_back(sites.back().address);
    config.sites.push_back({name, sites.back().address, "text/html", name + "\n"});
  }
  REQUIRE(pages.configure({"", "pages", config}, sockets)["ok"] == true);
  listener = listenerFor(front, addresses);
  apply();
  REQUIRE(balancer.waitForState("up"));
}

void Lab::apply() {
  const auto reply = balancer.configure(process(), {front.fd.get()});
  REQUIRE_MESSAGE(reply["ok"] == true, reply.dump());
}

std::string getMany(const state::ListenAddress& address, int count) {
  const auto fd = connectTo(address);
  http::Connection connection(fd.get());
  std::string out;
  for (int i = 0; i < count; ++i) {
    if (!connection.writeRequest({"GET", "/", 1, {{"Host", "test"}}, ""}, soon())) {
      return out + "!write";
    }
    const auto response = connection.readResponse("GET", 1 << 20, soon());
    if (!response) {
      return out + "!" + response.error().message();
    }
    out += response->status == 200 ? response->body.substr(0, response->body.find('\n'))
                                   : "!" + std::to_string(response->status);
  }
  return out;
}

std::string get(const state::ListenAddress& address) {
  return getMany(address, 1);
}

std::string raw(const state::ListenAddress& address, const std::string& bytes) {
  const auto fd = connectTo(address);
  if (!base::writeAll(fd.get(), bytes)) {
    return "!write";
  }
  std::string out;
  const auto deadline = soon();
  for (;;) {
    pollfd entry{fd.get(), POLLIN, 0};
    if (::poll(&entry, 1, deadline.pollTimeout()) <= 0) {
      return out + "!timeout";
    }
    std::array<char, 65536> part;
    const ssize_t n = ::recv(fd.get(), part.data(), part.size(), 0);
    if (n <= 0) {
      return n == 0 ? out : out + "!reset";
    }
    out.append(part.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace vpclab::test
