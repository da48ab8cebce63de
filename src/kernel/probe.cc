#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/text.h"
#include "kernel/netlink_socket.h"
#include "kernel/nft.h"
#include "kernel/proc_sys.h"
#include "kernel/qdisc_requests.h"
#include "kernel/system.h"
#include "kernel/threads.h"
#include "kernel/wireguard_go.h"
#include "state/ingress_loss.h"

namespace vpclab::kernel {

namespace {

constexpr base::Milliseconds kLimit{5'000};
constexpr int kLoopback = 1;

// Most of what is missing comes with the distribution's full kernel image.
constexpr const char* kFullKernel =
    "boot the distribution's kernel: apt install linux-image-amd64 (Ubuntu: linux-modules-extra-$(uname -r))";

// What the rules of an EIP's NAT and of routing domains need.
constexpr const char* kScratch = "a scratch namespace";
constexpr const char* kNftSample =
    "\tchain inbound {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
    "\t\tip daddr 192.0.2.1 dnat to 192.0.2.2\n\t}\n"
    "\tchain outbound {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
    "\t\tip saddr 192.0.2.2 snat to 192.0.2.1\n\t}\n"
    "\tchain domains {\n\t\ttype filter hook prerouting priority raw; policy accept;\n"
    "\t\tiifname \"eth0\" meta mark set 0x00000001\n\t}\n";

bool sameFile(const char* one, const char* other) {
  struct stat a = {};
  struct stat b = {};
  return ::stat(one, &a) == 0 && ::stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// The interface lives as long as what is returned.
base::Result<base::UniqueFd> tryTun() {
  base::UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!fd) {
    return base::failErrno("open /dev/net/tun");
  }
  ifreq request{};
  std::strncpy(request.ifr_name, "vpclab-probe", IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
    return base::failErrno("make a tun interface");
  }
  return fd;
}

template <class T>
std::string wordsOf(const base::Result<T>& result) {
  return result ? "" : result.error().message();
}

class Probe {
 public:
  state::Capabilities capabilities;
  std::vector<Feature> features;
  std::vector<base::UniqueFd> slowToGo;

  // Runs on a thread of its own, whose namespace vanishes with it.
  void run() {
    mountNamespace();
    auto scratch = makeNetns();
    auto socket = scratch ? NetlinkSocket::open(NETLINK_ROUTE) : base::fail(std::move(scratch.error()));
    if (!socket) {
      features.push_back({"namespaces", "none", false, socket.error().message(),
                          "run as root; in a container, with --privileged or CAP_SYS_ADMIN and CAP_NET_ADMIN"});
      return;
    }
    features.push_back({"namespaces", "network namespaces", true, "", ""});
    sysctl();
    tunnel(*socket);
    vrf(*socket);
    impairment(*socket);
    nftables();
  }

 private:
  void mountNamespace() {
    const bool host = sameFile("/proc/1/ns/mnt", "/proc/self/ns/mnt");
    features.push_back(
        {"mount-namespace", host ? "the host's" : "another", true,
         host ? "" : "this process' mount namespace is not that of process 1: `ip netns` there does not see the labs",
         host ? "" : "start the daemon outside of it to see the labs' namespaces everywhere"});
  }

  void sysctl() {
    ProcSys procSys;
    const auto written = procSys.write("net/ipv4/ip_forward", "0");
    features.push_back({"sysctl", written ? procSys.how() : "none", written.has_value(), wordsOf(written),
                        written ? "" : "mount /proc/sys writable, or add CAP_SYS_ADMIN"});
  }

  base::Result<> tryLink(NetlinkSocket& socket, const std::string& kind) {
    Message message("make a link of kind " + kind, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    message.text(IFLA_IFNAME, "probe-" + kind.substr(0, 8)).open(IFLA_LINKINFO).text(IFLA_INFO_KIND, kind);
    if (kind == "vrf") {
      message.open(IFLA_INFO_DATA).u32(IFLA_VRF_TABLE, 1000).close();
    }
    message.close();
    return socket.request(message, base::Deadline::after(kLimit));
  }

  void tunnel(NetlinkSocket& socket) {
    const auto device = tryLink(socket, "wireguard");
    capabilities.wireGuardDevice = device.has_value();
    const bool program = !findProgram("wireguard-go").empty();
    auto tun = tryTun();
    capabilities.wireGuardGo = program && tun;
    Feature feature{"tunnel", "none", capabilities.tunnels(), wordsOf(device), ""};
    if (capabilities.wireGuardDevice) {
      feature.chosen = "wireguard device";
    } else if (capabilities.wireGuardGo) {
      feature.chosen = "wireguard-go";
    } else {
      feature.why += program ? "; " + wordsOf(tun) : "; wireguard-go is not installed";
      feature.remedy = program ? "modprobe tun; in a container: --device /dev/net/tun" : "apt install wireguard-go";
    }
    if (tun) {
      slowToGo.push_back(std::move(*tun));
    }
    features.push_back(std::move(feature));
  }

  void vrf(NetlinkSocket& socket) {
    const auto made = tryLink(socket, "vrf");
    capabilities.vrfDevice = made.has_value();
    features.push_back({"vrf", made ? "VRF device" : "policy rules", true, wordsOf(made), ""});
  }

  void impairment(NetlinkSocket& socket) {
    state::Qdisc delay;
    delay.delayMicroseconds = 1000;
    Message netem = netemRequest("put netem on a link", kLoopback, delay);
    const auto netemDone = socket.request(netem, base::Deadline::after(kLimit));
    // As lines have it: tbf below netem where there is one.
    Message tbf =
        tbfRequest("put tbf on a link", kLoopback, 1'000'000, netemDone ? QdiscPlace::kBelowNetem : QdiscPlace::kRoot);
    const auto tbfDone = socket.request(tbf, base::Deadline::after(kLimit));
    const auto lossDone = putNftTable(state::ingressLossTable(kScratch, {{"lo", 1}}), base::Deadline::after(kLimit));
    capabilities.netem = netemDone.has_value();
    capabilities.tbf = tbfDone.has_value();
    capabilities.ingressLoss = lossDone.has_value();
    Feature feature{"impairment", "none", capabilities.netem || capabilities.tbf || capabilities.ingressLoss, "", ""};
    std::vector<std::string> chosen;
    std::vector<std::string> refused;
    const auto take = [&](const base::Result<>& result, const char* what) {
      result ? chosen.emplace_back(what) : refused.emplace_back(wordsOf(result));
    };
    take(netemDone, "netem");
    take(tbfDone, capabilities.netem ? "tbf" : "tbf for rate");
    if (!capabilities.netem) {
      take(lossDone, "nft ingress for loss");
      feature.remedy = std::string("for delay and jitter ") + kFullKernel;
    } else if (!capabilities.tbf) {
      feature.remedy = std::string("for bandwidths ") + kFullKernel;
    }
    feature.chosen = chosen.empty() ? "none" : base::join(chosen, ", ");
    feature.why = base::join(refused, "; ");
    features.push_back(std::move(feature));
  }

  void nftables() {
    const auto put = putNftTable({kScratch, kNftSample}, base::Deadline::after(kLimit));
    capabilities.nftables = put.has_value();
    features.push_back({"nftables", put ? "nf_tables" : "none", put.has_value(), wordsOf(put), put ? "" : kFullKernel});
  }
};

}  // namespace

base::Result<state::Capabilities> probe(std::vector<Feature>* features, std::vector<base::UniqueFd>* slowToGo) {
  Probe probe;
  auto ran = onThreads(1, [&](std::size_t) { probe.run(); });
  if (!ran) {
    return base::fail(std::move(ran.error()));
  }
  if (features != nullptr) {
    *features = std::move(probe.features);
  }
  if (slowToGo != nullptr) {
    *slowToGo = std::move(probe.slowToGo);
  }
  return probe.capabilities;
}

}  // namespace vpclab::kernel
