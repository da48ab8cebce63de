#include "kernel/nft.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>

#include "base/text.h"
#include "kernel/netlink_socket.h"

namespace vpclab::kernel {

namespace {

using state::NftFamily;

constexpr const char* kTable = state::NftTable::kName;
constexpr std::size_t kMaxBody = 8U << 20U;

std::string tableName(NftFamily family) {
  return "table " + std::string(state::nameOf(family)) + " " + kTable;
}

std::mutex& libraryMutex() {
  static std::mutex mutex;
  return mutex;
}

struct FreeContext {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

// Runs commands in one transaction and returns what they print. The library's own socket needs no deadline: the kernel
// carries out what is sent to it within send(2), and a dump goes on within recv(2), so that nothing is ever waited for.
base::Result<std::string> run(const std::string& commands, const std::string& what) {
  const std::lock_guard lock(libraryMutex());
  // Its netlink socket is opened here, so it belongs to the calling thread's namespace.
  const std::unique_ptr<nft_ctx, FreeContext> context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context || nft_ctx_buffer_output(context.get()) != 0 || nft_ctx_buffer_error(context.get()) != 0) {
    return base::fail(base::ErrorKind::kSystem, what + ": libnftables does not start");
  }
  nft_ctx_output_set_flags(context.get(), NFT_CTX_OUTPUT_STATELESS);
  if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) != 0) {
    const char* words = nft_ctx_get_error_buffer(context.get());
    std::string text = words == nullptr ? "" : words;
    while (!text.empty() && text.back() == '\n') {
      text.pop_back();
    }
    return base::fail(base::Error(base::ErrorKind::kSystem, what).withKernelText(base::printable(text)));
  }
  const char* output = nft_ctx_get_output_buffer(context.get());
  return std::string(output == nullptr ? "" : output);
}

// The families in which a table of ours is.
base::Result<std::vector<NftFamily>> familiesOf(const std::string& netns, base::Deadline deadline) {
  auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket) {
    return base::fail(std::move(socket.error()).context("list nft tables of " + netns));
  }
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_UNSPEC;  // of every family
  header.version = NFNETLINK_V0;
  Message message("list nft tables of " + netns, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, 0, header);
  std::vector<NftFamily> found;
  auto dumped = socket->dump(
      message,
      [&found](const nlmsghdr* answer) {
        if (answer->nlmsg_len < NLMSG_LENGTH(sizeof(nfgenmsg)) ||
            Attributes(answer, sizeof(nfgenmsg)).text(NFTA_TABLE_NAME) != kTable) {
          return;
        }
        const auto family = static_cast<const nfgenmsg*>(NLMSG_DATA(answer))->nfgen_family;
        if (family == NFPROTO_IPV4 || family == NFPROTO_NETDEV) {
          found.push_back(family == NFPROTO_IPV4 ? NftFamily::kIp : NftFamily::kNetdev);
        }
      },
      deadline);
  if (!dumped) {
    return base::fail(std::move(dumped.error()));
  }
  return found;
}

base::Result<state::NftTable> readTable(const std::string& netns, NftFamily family) {
  const std::string name = tableName(family);
  auto text = run("list " + name + "\n", "list nft " + name + " of " + netns);
  if (!text) {
    return base::fail(std::move(text.error()));
  }
  const auto open = text->find("{\n");
  const auto close = text->rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open + 2) {
    return base::fail(base::ErrorKind::kProtocol, "nft lists " + name + " of " + netns + " in an unknown form");
  }
  return state::NftTable{netns, text->substr(open + 2, close - open - 2), family};
}

}  // namespace

base::Result<> putNftTable(const state::NftTable& table, base::Deadline deadline) {
  const std::string name = tableName(table.family);
  const std::string what = "write nft " + name + " in " + table.netns;
  if (table.body.size() > kMaxBody || table.body.find('\0') != std::string::npos) {
    return base::fail(base::ErrorKind::kLimit, what + ": its text is too large");
  }
  auto families = familiesOf(table.netns, deadline);
  if (!families) {
    return base::fail(std::move(families.error()).context(what));
  }
  // A transaction that deletes something makes the socket's close wait for a grace period of RCU, some 10 ms
  // (nft_rcv_nl_event), so a new table is written without.
  const bool exists = std::find(families->begin(), families->end(), table.family) != families->end();
  auto done = run((exists ? "delete " : "create ") + name + "\n" + name + " {\n" + table.body + "\n}\n", what);
  if (!done) {
    return base::fail(std::move(done.error()));
  }
  return {};
}

base::Result<> deleteNftTable(const std::string& netns, NftFamily family, base::Deadline deadline) {
  auto families = familiesOf(netns, deadline);
  if (!families) {
    return base::fail(std::move(families.error()));
  }
  if (std::find(families->begin(), families->end(), family) == families->end()) {
    return {};
  }
  const std::string name = tableName(family);
  auto done = run("delete " + name + "\n", "delete nft " + name + " in " + netns);
  if (!done) {
    return base::fail(std::move(done.error()));
  }
  return {};
}

base::Result<std::vector<state::NftTable>> readNftTables(const std::string& netns, base::Deadline deadline) {
  auto families = familiesOf(netns, deadline);
  if (!families) {
    // A kernel without nftables has no tables: it knows no such socket, or no such message (EINVAL, nfnetlink_rcv_msg).
    const int error = families.error().errnoValue();
    if (families.error().kind() == base::ErrorKind::kUnsupported || error == EPROTONOSUPPORT || error == EINVAL) {
      return std::vector<state::NftTable>();
    }
    return base::fail(std::move(families.error()));
  }
  std::vector<state::NftTable> out;
  for (const NftFamily family : *families) {
    auto table = readTable(netns, family);
    if (!table) {
      return base::fail(std::move(table.error()));
    }
    out.push_back(std::move(*table));
  }
  return out;
}

}  // namespace vpclab::kernel
