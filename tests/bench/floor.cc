// The least time in which this kernel brings up so many namespaces and veth pairs: raw rtnetlink and nothing else.
//
//   bench_floor NAMESPACES VETHS [TUNNELS]      prints milliseconds; run it under `unshare --net --mount`
//
// TUNNELS are so many wireguard-go(8) beside all that, which a kernel without WireGuard needs in its place: each is
// started in a namespace as soon as that is there, and waited for last, until it answers. It gets no interface, key or
// peer.
//
// Each namespace is pinned by a bind mount and has forwarding set; each veth is made in one request, its peer in its
// place, in its bridge and up; each peer gets an address and is up. Nothing is compared, checked or undone.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int kPortsPerBridge = 25;
constexpr int kFirstPort = 5000;  // interface indexes: bridges from 1000, ports from here
constexpr int kFirstPeer = 10;

[[noreturn]] void die(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

struct Namespace {
  int fd = -1;
  int netlink = -1;
  int peers = 0;
};

// One netlink request, built in place.
class Request {
 public:
  template <class Body>
  Request(int type, int flags, const Body& body) {
    nlmsghdr header{};
    header.nlmsg_type = static_cast<__u16>(type);
    header.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | NLM_F_ACK | flags);
    put(&header, sizeof(header));
    put(&body, sizeof(body));
  }
  std::size_t open(int type) { return attribute(type, nullptr, 0); }
  void close(std::size_t at) {
    const auto length = static_cast<__u16>(bytes_.size() - at);
    std::memcpy(&bytes_[at], &length, sizeof(length));
  }
  std::size_t attribute(int type, const void* data, std::size_t size) {
    const std::size_t at = bytes_.size();
    const nlattr header{static_cast<__u16>(NLA_HDRLEN + size), static_cast<__u16>(type)};
    put(&header, sizeof(header));
    put(data, size);
    return at;
  }
  void text(int type, const std::string& value) { attribute(type, value.c_str(), value.size() + 1); }
  void number(int type, std::uint32_t value) { attribute(type, &value, sizeof(value)); }

  void send(int socket, const char* what) {
    const auto length = static_cast<__u32>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof(length));
    char answer[4096];
    if (::send(socket, bytes_.data(), bytes_.size(), 0) < 0 || ::recv(socket, answer, sizeof(answer), 0) < 0) {
      die(what);
    }
    nlmsgerr error{};
    std::memcpy(&error, answer + NLMSG_HDRLEN, sizeof(error));
    if (error.error != 0) {
      errno = -error.error;
      die(what);
    }
  }

 private:
  void put(const void* data, std::size_t size) {
    const auto* begin = static_cast<const char*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  std::vector<char> bytes_;
};

Namespace makeNamespace(const std::string& pin) {
  Namespace out;
  if (::unshare(CLONE_NEWNET) != 0) {
    die("unshare");
  }
  out.fd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  out.netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  const int knob = ::open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC);
  const int file = ::open(pin.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
  if (out.fd < 0 || out.netlink < 0 || knob < 0 || file < 0 || ::write(knob, "1", 1) != 1) {
    die("namespace " + pin);
  }
  ::close(knob);
  ::close(file);
  if (::mount("/proc/thread-self/ns/net", pin.c_str(), "", MS_BIND, nullptr) != 0) {
    die("pin " + pin);
  }
  return out;
}

ifinfomsg link(int index, bool up) {
  ifinfomsg out{};
  out.ifi_index = index;
  out.ifi_flags = up ? IFF_UP : 0;
  out.ifi_change = up ? IFF_UP : 0;
  return out;
}

void makeBridge(const Namespace& where, int index) {
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link(index, true));
  request.text(IFLA_IFNAME, "br" + std::to_string(index));
  const auto info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "bridge");
  request.close(info);
  request.send(where.netlink, "bridge");
}

void makeVeth(const Namespace& where, int number, Namespace& peer) {
  const int peerIndex = kFirstPeer + peer.peers++;
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link(kFirstPort + number, true));
  request.text(IFLA_IFNAME, "p" + std::to_string(number));
  request.number(IFLA_NUM_TX_QUEUES, 1);
  request.number(IFLA_NUM_RX_QUEUES, 1);
  request.number(IFLA_MASTER, static_cast<std::uint32_t>(1000 + number / kPortsPerBridge));
  const auto info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "veth");
  const auto data = request.open(IFLA_INFO_DATA);
  const auto other = link(peerIndex, false);
  const auto pair = request.attribute(VETH_INFO_PEER, &other, sizeof(other));
  request.text(IFLA_IFNAME, "eth" + std::to_string(peerIndex));
  request.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer.fd));
  request.number(IFLA_NUM_TX_QUEUES, 1);
  request.number(IFLA_NUM_RX_QUEUES, 1);
  request.close(pair);
  request.close(data);
  request.close(info);
  request.send(where.netlink, "veth");

  ifaddrmsg address{};
  address.ifa_family = AF_INET;
  address.ifa_prefixlen = 24;
  address.ifa_index = static_cast<__u32>(peerIndex);
  Request add(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
  const std::uint32_t ip = htonl((10U << 24U) + (static_cast<std::uint32_t>(number) << 8U) + 1);
  add.attribute(IFA_LOCAL, &ip, sizeof(ip));
  add.attribute(IFA_ADDRESS, &ip, sizeof(ip));
  add.send(peer.netlink, "address");
  Request(RTM_NEWLINK, 0, link(peerIndex, true)).send(peer.netlink, "up");
}

struct Tunnel {
  pid_t process = -1;
  std::string socket;  // its UAPI, https://www.wireguard.com/xplatform/
};

Tunnel startTunnel(const Namespace& where, int number) {
  const std::string name = "wg" + std::to_string(number);
  Tunnel out{::fork(), "/run/wireguard/" + name + ".sock"};
  if (out.process == 0) {
    if (::setns(where.fd, CLONE_NEWNET) == 0) {
      ::setenv("WG_PROCESS_FOREGROUND", "1", 1);
      ::setenv("LOG_LEVEL", "silent", 1);
      ::execlp("wireguard-go", "wireguard-go", "-f", name.c_str(), nullptr);
    }
    ::_exit(127);
  }
  if (out.process < 0) {
    die("fork");
  }
  return out;
}

// Nothing tells when it listens, so it is tried.
void awaitTunnel(const Tunnel& tunnel) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, tunnel.socket.c_str(), tunnel.socket.size());
  for (int tries = 0;; ++tries) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answers = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    ::close(socket);
    if (answers) {
      return;
    }
    if (tries == 10'000 || ::waitpid(tunnel.process, nullptr, WNOHANG) != 0) {
      die("wireguard-go at " + tunnel.socket);
    }
    ::poll(nullptr, 0, 1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool counted = argc == 3 || argc == 4;
  const int namespaces = counted ? std::atoi(argv[1]) : 0;
  const int veths = counted ? std::atoi(argv[2]) : 0;
  const int tunnels = argc == 4 ? std::atoi(argv[3]) : 0;
  if (namespaces < 1 || veths < 1 || tunnels < 0 || tunnels > namespaces) {
    std::fprintf(stderr, "usage: bench_floor NAMESPACES VETHS [TUNNELS]\n");
    return 2;
  }
  if (tunnels > 0 && ::mount("floor", "/run", "tmpfs", 0, nullptr) != 0) {
    die("/run of its own");
  }
  char directory[] = "/tmp/vpclab-floor.XXXXXX";
  if (::mkdtemp(directory) == nullptr || ::mount("floor", directory, "tmpfs", 0, nullptr) != 0) {
    die("pins");
  }
  const auto start = std::chrono::steady_clock::now();
  std::vector<Namespace> all;
  std::vector<Tunnel> processes;
  for (int i = 0; i < namespaces; ++i) {
    all.push_back(makeNamespace(std::string(directory) + "/n" + std::to_string(i)));
    Request(RTM_NEWLINK, 0, link(1, true)).send(all.back().netlink, "lo");
    if (i < tunnels) {
      processes.push_back(startTunnel(all.back(), i));
    }
  }
  for (int i = 0; i < veths; ++i) {
    if (i % kPortsPerBridge == 0) {
      makeBridge(all[0], 1000 + i / kPortsPerBridge);
    }
    makeVeth(all[0], i, all[static_cast<std::size_t>(namespaces == 1 ? 0 : 1 + i % (namespaces - 1))]);
  }
  for (const auto& tunnel : processes) {
    awaitTunnel(tunnel);
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::printf("%.1f\n", took.count());
  for (const auto& tunnel : processes) {
    ::kill(tunnel.process, SIGKILL);
    (void)::waitpid(tunnel.process, nullptr, 0);
  }
  (void)::umount2(directory, MNT_DETACH);
  (void)::rmdir(directory);
  return 0;
}
