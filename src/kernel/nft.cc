#include "kernel/nft.h"

#include <memory>
#include <mutex>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>

#include "base/text.h"
#include "kernel/netlink_socket.h"
#include "state/routing.h"

namespace vpclab::kernel {

namespace {

constexpr const char* kTable = state::NftTable::kName;
constexpr std::size_t kMaxBody = 8U << 20U;

std::mutex& libraryMutex() {
  static std::mutex mutex;
  return mutex;
}

struct FreeContext {
  void operator()(nft_ctx* context) const { nft_ctx_free(context); }
};

// Runs commands in one transaction and returns what they print.
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

base::Result<bool> tableExists(const std::string& netns, base::Deadline deadline) {
  auto socket = NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket) {
    return base::fail(std::move(socket.error()).context("list nft tables of " + netns));
  }
  nfgenmsg header{};
  header.nfgen_family = NFPROTO_IPV4;
  header.version = NFNETLINK_V0;
  Message message("list nft tables of " + netns, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, 0, header);
  bool found = false;
  auto dumped = socket->dump(
      message,
      [&found](const nlmsghdr* answer) {
        found = found || Attributes(answer, sizeof(nfgenmsg)).text(NFTA_TABLE_NAME) == kTable;
      },
      deadline);
  if (!dumped) {
    return base::fail(std::move(dumped.error()));
  }
  return found;
}

}  // namespace

base::Result<> putNftTable(const std::string& netns, const std::string& body) {
  const std::string what = std::string("write nft table ip ") + kTable + " in " + netns;
  if (body.size() > kMaxBody || body.find('\0') != std::string::npos) {
    return base::fail(base::ErrorKind::kLimit, what + ": its text is too large");
  }
  const std::string name = std::string("table ip ") + kTable;
  auto done = run("add " + name + "\ndelete " + name + "\n" + name + " {\n" + body + "\n}\n", what);
  if (!done) {
    return base::fail(std::move(done.error()));
  }
  return {};
}

base::Result<> deleteNftTable(const std::string& netns, base::Deadline deadline) {
  auto exists = tableExists(netns, deadline);
  if (!exists) {
    return base::fail(std::move(exists.error()));
  }
  if (!*exists) {
    return {};
  }
  auto done = run(std::string("delete table ip ") + kTable + "\n",
                  std::string("delete nft table ip ") + kTable + " in " + netns);
  if (!done) {
    return base::fail(std::move(done.error()));
  }
  return {};
}

base::Result<std::optional<std::string>> readNftTable(const std::string& netns, base::Deadline deadline) {
  auto exists = tableExists(netns, deadline);
  if (!exists) {
    // A kernel without nftables has no tables: the dump's message is unknown to it.
    if (exists.error().kind() == base::ErrorKind::kUnsupported || exists.error().kind() == base::ErrorKind::kSystem) {
      return std::nullopt;
    }
    return base::fail(std::move(exists.error()));
  }
  if (!*exists) {
    return std::nullopt;
  }
  auto text =
      run(std::string("list table ip ") + kTable + "\n", std::string("list nft table ip ") + kTable + " of " + netns);
  if (!text) {
    return base::fail(std::move(text.error()));
  }
  const auto open = text->find("{\n");
  const auto close = text->rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open + 2) {
    return base::fail(base::ErrorKind::kProtocol, "nft lists table ip vpclab of " + netns + " in an unknown form");
  }
  return text->substr(open + 2, close - open - 2);
}

}  // namespace vpclab::kernel
