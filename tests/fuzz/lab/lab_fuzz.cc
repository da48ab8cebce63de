#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"
#include "compile/compile.h"
#include "compile/judge_names.h"
#include "fuzz/require.h"
#include "lab/addressing.h"
#include "lab/load.h"

using namespace vpclab;
using fuzz::require;

namespace {

constexpr char kNextFile = '\x1e';  // the ASCII record separator

// The lab file, then others, each after a record separator and its path on a line of its own.
std::map<std::string, std::string> filesOf(std::string_view bytes) {
  std::map<std::string, std::string> out;
  std::size_t end = bytes.find(kNextFile);
  out["lab.yaml"] = bytes.substr(0, end);
  while (end != std::string_view::npos) {
    bytes.remove_prefix(end + 1);
    end = bytes.find(kNextFile);
    const std::string_view piece = bytes.substr(0, end);
    const std::size_t line = piece.find('\n');
    if (line != std::string_view::npos) {
      out.emplace(piece.substr(0, line), piece.substr(line + 1));
    }
  }
  return out;
}

void look(const base::Diagnostics& diagnostics) {
  for (const auto& diagnostic : diagnostics) {
    const std::string text = diagnostic.toString();
    require(base::isValidUtf8(text) && base::printable(text) == text);
  }
}

// No member of a vxnet gets the address of another, of the gateway or of a border router.
void look(const lab::Lab& lab, const compile::Allocations& allocations) {
  std::map<std::string, std::set<net::IpAddr>> taken;
  for (const auto& [id, router] : lab.borderRouters) {
    for (const auto& domain : router.domains) {
      for (const auto& join : domain.joins) {
        require(taken[join.vxnet].insert(join.address).second);
      }
    }
  }
  for (const auto& [id, address] : allocations.addresses) {
    const auto server = lab.servers.find(id);
    const std::string& in = server != lab.servers.end() ? server->second.vxnet : lab.loadBalancers.at(id).vxnet;
    const net::Prefix& range = lab.vxnets.at(in).cidr;
    require(range.contains(address) && address != range.first() && address != range.last());
    require(address != lab::gatewayOf(range) && address != lab::borderAddressOf(range));
    require(taken[in].insert(address).second);
  }
}

// A lab that load() took can be compiled for any kernel, to the same each time.
void compileFor(const lab::Lab& lab, const compile::Allocations& allocations, const state::Capabilities& kernel) {
  const compile::Compiled once = compile::compile(lab, kernel, allocations);
  const compile::Compiled twice = compile::compile(lab, kernel, allocations);
  look(once.diagnostics);
  require(once.desired == twice.desired);
}

}  // namespace

// Any bytes are a lab or are refused with diagnostics that can be printed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lab::BundleSource source(filesOf({reinterpret_cast<const char*>(data), size}));
  const lab::Loaded loaded = lab::load("lab.yaml", source);
  look(loaded.diagnostics);
  if (!loaded.ok()) {
    return 0;
  }
  std::uint8_t count = 0;
  const auto newKey = [&count] {
    net::WgKey key;
    key.bytes.fill(++count);
    return key;
  };
  compile::Allocations allocations;
  const base::Diagnostics diagnostics = compile::allocate(loaded.lab, {}, newKey, allocations);
  look(diagnostics);
  look(loaded.lab, allocations);
  compile::Allocations again;
  (void)compile::allocate(loaded.lab, allocations, newKey, again);
  require(again == allocations);
  if (base::hasErrors(diagnostics)) {
    return 0;
  }
  look(compile::judgeNames(loaded.lab, allocations));
  compileFor(loaded.lab, allocations,
             {.wireGuardDevice = true, .vrfDevice = true, .netem = true, .tbf = true, .nftables = true});
  compileFor(loaded.lab, allocations, {.wireGuardGo = true, .tbf = true, .nftables = true});
  compileFor(loaded.lab, allocations, {});
  return 0;
}
