// The least time in which this kernel brings up and takes down a lab's objects: raw rtnetlink and nothing else.
//
//   bench_scale_floor FILE THREADS      prints {"up_ms": ..., "down_ms": ...}; run it under `unshare --net --mount`
//
// FILE names the objects, one a line, in this order (objects.py); `-` stands for none:
//   netns NAME
//   sysctl NETNS PATH VALUE                               LINK in its path for one of a link
//   bridge NETNS NAME
//   veth NETNS NAME MASTER PEER-NETNS PEER-NAME           the first end is a bridge's port
//   address NETNS LINK ADDRESS LENGTH NOPREFIXROUTE
//   route NETNS TABLE NETWORK LENGTH METRIC TYPE GATEWAY LINK SOURCE
//   rule NETNS PRIORITY LINK MARK TABLE
//   neighbour NETNS LINK ADDRESS MAC
// All of it is read before the clock starts. Namespaces are pinned by bind mounts and entered once, their sockets stay
// open; each veth is one request with one queue, its peer in its place, in its bridge and up, its index known
// beforehand; what is in a namespace is one batch. Nothing is compared, checked or undone. `down` ends when the kernel
// has let go of the last namespace.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Words = std::vector<std::string>;

[[noreturn]] void die(const std::string& what) {
  std::perror(what.c_str());
  std::exit(1);
}

std::uint32_t number(const std::string& word) {
  return static_cast<std::uint32_t>(std::strtoul(word.c_str(), nullptr, 10));
}

// Requests for one socket, built in place and sent together.
class Batch {
 public:
  template <class Body>
  void begin(int type, int flags, const Body& body) {
    at_ = bytes_.size();
    nlmsghdr header{};
    header.nlmsg_type = static_cast<__u16>(type);
    header.nlmsg_flags = static_cast<__u16>(NLM_F_REQUEST | flags);
    header.nlmsg_seq = ++count_;
    put(&header, sizeof(header));
    put(&body, sizeof(body));
  }
  std::size_t attribute(int type, const void* data, std::size_t size) {
    const std::size_t at = bytes_.size();
    const nlattr header{static_cast<__u16>(NLA_HDRLEN + size), static_cast<__u16>(type)};
    put(&header, sizeof(header));
    put(data, size);
    return at;
  }
  std::size_t open(int type) { return attribute(type, nullptr, 0); }
  void close(std::size_t at) {
    const auto length = static_cast<__u16>(bytes_.size() - at);
    std::memcpy(&bytes_[at], &length, sizeof(length));
  }
  void text(int type, const std::string& value) { attribute(type, value.c_str(), value.size() + 1); }
  void u32(int type, std::uint32_t value) { attribute(type, &value, sizeof(value)); }
  void address(int type, const std::string& value) {
    in_addr address{};
    if (value != "-" && ::inet_pton(AF_INET, value.c_str(), &address) == 1) {
      attribute(type, &address, sizeof(address));
    }
  }

  // Only the last one asks for an answer; errors come by themselves.
  void send(int socket, const std::string& what) {
    if (count_ == 0) {
      return;
    }
    nlmsghdr last{};
    std::memcpy(&last, &bytes_[at_], sizeof(last));
    last.nlmsg_flags |= NLM_F_ACK;
    std::memcpy(&bytes_[at_], &last, sizeof(last));
    if (::send(socket, bytes_.data(), bytes_.size(), 0) < 0) {
      die("send " + what);
    }
    for (bool done = false; !done;) {
      char answers[8192];
      const ssize_t size = ::recv(socket, answers, sizeof(answers), 0);
      if (size < 0) {
        die("receive " + what);
      }
      for (ssize_t at = 0; at + static_cast<ssize_t>(NLMSG_HDRLEN + sizeof(nlmsgerr)) <= size;) {
        nlmsghdr header{};
        nlmsgerr error{};
        std::memcpy(&header, answers + at, sizeof(header));
        std::memcpy(&error, answers + at + NLMSG_HDRLEN, sizeof(error));
        if (error.error != 0) {
          errno = -error.error;
          die(what + ", request " + std::to_string(header.nlmsg_seq));
        }
        done = done || header.nlmsg_seq == count_;
        at += NLMSG_ALIGN(header.nlmsg_len);
      }
    }
    bytes_.clear();
    count_ = 0;
  }

 private:
  void put(const void* data, std::size_t size) {
    const auto* begin = static_cast<const char*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
    nlmsghdr header{};
    std::memcpy(&header, &bytes_[at_], std::min(sizeof(header), bytes_.size() - at_));
    header.nlmsg_len = static_cast<__u32>(bytes_.size() - at_);
    std::memcpy(&bytes_[at_], &header.nlmsg_len, sizeof(header.nlmsg_len));
  }
  std::vector<char> bytes_;
  std::size_t at_ = 0;
  std::uint32_t count_ = 0;
};

struct Veth {
  std::string name;
  int index = 0;
  int master = 0;
  std::size_t peerNetns = 0;
  std::string peerName;
  int peerIndex = 0;
};

struct Namespace {
  std::string name;
  int fd = -1;
  int netlink = -1;
  std::vector<std::pair<std::string, std::string>> parameters;      // before there are links
  std::vector<std::pair<std::string, std::string>> linkParameters;  // after
  std::vector<std::pair<std::string, int>> bridges;
  std::vector<Veth> ports;
  std::vector<int> plain;  // the links that are no ports
  std::map<std::string, int> indexes;
  std::vector<Words> addresses, routes, rules, neighbours;
};

std::vector<Namespace> all;

void read(const char* path) {
  std::ifstream file(path);
  std::map<std::string, std::size_t> places;
  int nextIndex = 1000;
  for (std::string line; std::getline(file, line);) {
    std::istringstream stream(line);
    Words w;
    for (std::string word; stream >> word;) {
      w.push_back(word);
    }
    if (w[0] == "netns") {
      places[w[1]] = all.size();
      all.emplace_back().name = w[1];
      continue;
    }
    Namespace& netns = all.at(places.at(w[1]));
    if (w[0] == "sysctl") {
      const bool ofLink = w[2].find("/conf/") != std::string::npos && w[2].find("/all/") == std::string::npos &&
                          w[2].find("/default/") == std::string::npos;
      (ofLink ? netns.linkParameters : netns.parameters).emplace_back("/proc/sys/" + w[2], w[3]);
    } else if (w[0] == "bridge") {
      netns.bridges.emplace_back(w[2], netns.indexes[w[2]] = ++nextIndex);
    } else if (w[0] == "veth") {
      const std::size_t peer = places.at(w[4]);
      netns.ports.push_back({w[2], ++nextIndex, w[3] == "-" ? 0 : netns.indexes.at(w[3]), peer, w[5], ++nextIndex});
      all[peer].indexes[w[5]] = nextIndex;
      all[peer].plain.push_back(nextIndex);
    } else {
      (w[0] == "address" ? netns.addresses
       : w[0] == "route" ? netns.routes
       : w[0] == "rule"  ? netns.rules
                         : netns.neighbours)
          .push_back(w);
    }
  }
}

ifinfomsg link(int index, bool up) {
  ifinfomsg out{};
  out.ifi_index = index;
  out.ifi_flags = up ? IFF_UP : 0;
  out.ifi_change = up ? IFF_UP : 0;
  return out;
}

int openNetlink() {
  const int out = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  const int bytes = 4 << 20;
  const int on = 1;
  if (out < 0 || ::setsockopt(out, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0 ||
      ::setsockopt(out, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) != 0) {
    die("netlink socket");
  }
  return out;
}

void write(const std::vector<std::pair<std::string, std::string>>& parameters) {
  for (const auto& [path, value] : parameters) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, value.data(), value.size()) < 0) {
      die(path);
    }
    ::close(fd);
  }
}

std::string pinOf(const std::string& directory, const Namespace& netns) {
  return directory + "/" + netns.name;
}

void make(Namespace& netns, const std::string& pin) {
  if (::unshare(CLONE_NEWNET) != 0) {
    die("unshare");
  }
  netns.fd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  netns.netlink = openNetlink();
  write(netns.parameters);
  const int file = ::open(pin.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
  if (netns.fd < 0 || file < 0 || ::mount("/proc/thread-self/ns/net", pin.c_str(), "", MS_BIND, nullptr) != 0) {
    die("pin " + pin);
  }
  ::close(file);
  Batch batch;
  batch.begin(RTM_NEWLINK, 0, link(1, true));
  for (const auto& [name, index] : netns.bridges) {
    batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link(index, true));
    batch.text(IFLA_IFNAME, name);
    const auto info = batch.open(IFLA_LINKINFO);
    batch.text(IFLA_INFO_KIND, "bridge");
    batch.close(info);
  }
  batch.send(netns.netlink, "links of " + netns.name);
}

void connect(Namespace& netns) {
  Batch batch;
  for (const Veth& veth : netns.ports) {
    batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link(veth.index, true));
    batch.text(IFLA_IFNAME, veth.name);
    batch.u32(IFLA_NUM_TX_QUEUES, 1);
    batch.u32(IFLA_NUM_RX_QUEUES, 1);
    if (veth.master != 0) {
      batch.u32(IFLA_MASTER, static_cast<std::uint32_t>(veth.master));
    }
    const auto info = batch.open(IFLA_LINKINFO);
    batch.text(IFLA_INFO_KIND, "veth");
    const auto data = batch.open(IFLA_INFO_DATA);
    const auto other = link(veth.peerIndex, false);
    const auto peer = batch.attribute(VETH_INFO_PEER, &other, sizeof(other));
    batch.text(IFLA_IFNAME, veth.peerName);
    batch.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(all[veth.peerNetns].fd));
    batch.u32(IFLA_NUM_TX_QUEUES, 1);
    batch.u32(IFLA_NUM_RX_QUEUES, 1);
    batch.close(peer);
    batch.close(data);
    batch.close(info);
    batch.send(netns.netlink, "veth " + veth.name);
  }
}

void addRoute(Batch& batch, const Namespace& netns, const Words& w) {
  rtmsg route{};
  route.rtm_family = AF_INET;
  route.rtm_dst_len = static_cast<unsigned char>(number(w[4]));
  route.rtm_protocol = RTPROT_STATIC;
  route.rtm_type = w[6] == "unreachable" ? RTN_UNREACHABLE : w[6] == "local" ? RTN_LOCAL : RTN_UNICAST;
  route.rtm_scope = w[6] == "local"     ? RT_SCOPE_HOST
                    : w[7] != "-"       ? RT_SCOPE_UNIVERSE
                    : w[6] == "unicast" ? RT_SCOPE_LINK
                                        : RT_SCOPE_UNIVERSE;
  batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  batch.u32(RTA_TABLE, number(w[2]));
  if (route.rtm_dst_len != 0) {
    batch.address(RTA_DST, w[3]);
  }
  if (w[5] != "0") {
    batch.u32(RTA_PRIORITY, number(w[5]));
  }
  batch.address(RTA_GATEWAY, w[7]);
  if (w[8] != "-") {
    batch.u32(RTA_OIF, static_cast<std::uint32_t>(netns.indexes.at(w[8])));
  }
  batch.address(RTA_PREFSRC, w[9]);
}

void configure(const Namespace& netns) {
  if (!netns.linkParameters.empty()) {
    if (::setns(netns.fd, CLONE_NEWNET) != 0) {
      die("enter " + netns.name);
    }
    write(netns.linkParameters);
  }
  Batch batch;
  for (const int index : netns.plain) {
    batch.begin(RTM_NEWLINK, 0, link(index, true));
  }
  for (const Words& w : netns.addresses) {
    ifaddrmsg address{};
    address.ifa_family = AF_INET;
    address.ifa_prefixlen = static_cast<__u8>(number(w[4]));
    address.ifa_index = static_cast<__u32>(netns.indexes.at(w[2]));
    batch.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
    batch.address(IFA_LOCAL, w[3]);
    batch.address(IFA_ADDRESS, w[3]);
    if (w[5] == "1") {
      batch.u32(IFA_FLAGS, IFA_F_NOPREFIXROUTE);
    }
  }
  for (const Words& w : netns.routes) {
    addRoute(batch, netns, w);
  }
  for (const Words& w : netns.rules) {
    fib_rule_hdr rule{};
    rule.family = AF_INET;
    rule.action = FR_ACT_TO_TBL;
    batch.begin(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
    batch.u32(FRA_PRIORITY, number(w[2]));
    batch.u32(FRA_TABLE, number(w[5]));
    if (w[3] != "-") {
      batch.text(FRA_IIFNAME, w[3]);
    }
    if (w[4] != "0") {
      batch.u32(FRA_FWMARK, number(w[4]));
    }
  }
  for (const Words& w : netns.neighbours) {
    ndmsg neighbour{};
    neighbour.ndm_family = AF_INET;
    neighbour.ndm_ifindex = netns.indexes.at(w[2]);
    neighbour.ndm_state = NUD_PERMANENT;
    batch.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour);
    batch.address(NDA_DST, w[3]);
    const ether_addr* mac = ::ether_aton(w[4].c_str());
    batch.attribute(NDA_LLADDR, mac, sizeof(*mac));
  }
  batch.send(netns.netlink, "what is in " + netns.name);
}

void onThreads(int threads, const std::function<void(Namespace&)>& job) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&] {
      for (std::size_t i = next++; i < all.size(); i = next++) {
        job(all[i]);
      }
    });
  }
  for (auto& thread : running) {
    thread.join();
  }
}

// A veth pair of which one end is in the namespace that goes last: the other one goes with it.
class Sentinel {
 public:
  explicit Sentinel(const Namespace& last) {
    if (::unshare(CLONE_NEWNET) != 0) {
      die("unshare");
    }
    netlink_ = openNetlink();
    Batch batch;
    batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link(kIndex, true));
    const auto info = batch.open(IFLA_LINKINFO);
    batch.text(IFLA_INFO_KIND, "veth");
    const auto data = batch.open(IFLA_INFO_DATA);
    const auto other = link(0, false);
    const auto peer = batch.attribute(VETH_INFO_PEER, &other, sizeof(other));
    batch.text(IFLA_IFNAME, "sentinel");
    batch.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(last.fd));
    batch.close(peer);
    batch.close(data);
    batch.close(info);
    batch.send(netlink_, "sentinel");
  }
  bool there() const {
    char name[IF_NAMESIZE];
    return ::if_indextoname(kIndex, name) != nullptr;  // of the calling thread's namespace
  }

 private:
  static constexpr int kIndex = 77;
  int netlink_ = -1;
};

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc == 3 ? std::atoi(argv[2]) : 0;
  if (threads < 1) {
    std::fprintf(stderr, "usage: bench_scale_floor FILE THREADS\n");
    return 2;
  }
  const rlimit files{1'000'000, 1'000'000};
  (void)::setrlimit(RLIMIT_NOFILE, &files);
  read(argv[1]);
  char pins[] = "/tmp/vpclab-floor.XXXXXX";
  if (::mkdtemp(pins) == nullptr || ::mount("floor", pins, "tmpfs", 0, nullptr) != 0) {
    die("pins");
  }
  const auto up = std::chrono::steady_clock::now();
  onThreads(threads, [&](Namespace& netns) { make(netns, pinOf(pins, netns)); });
  onThreads(threads, [](Namespace& netns) { connect(netns); });
  onThreads(threads, [](Namespace& netns) { configure(netns); });
  const double upMs = since(up);

  const Sentinel sentinel(all.back());
  const auto down = std::chrono::steady_clock::now();
  for (Namespace& netns : all) {
    ::close(netns.netlink);
    ::close(netns.fd);
    const std::string pin = pinOf(pins, netns);
    if (::umount2(pin.c_str(), MNT_DETACH) != 0 || ::unlink(pin.c_str()) != 0) {
      die("unpin " + pin);
    }
  }
  while (sentinel.there()) {
    ::usleep(500);
  }
  std::printf("{\"up_ms\": %.1f, \"down_ms\": %.1f}\n", upMs, since(down));
  (void)::umount2(pins, MNT_DETACH);
  (void)::rmdir(pins);
  return 0;
}
