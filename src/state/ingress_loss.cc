#include "state/ingress_loss.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace vpclab::state {

namespace {

constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::string_view kHook = "type filter hook ingress device \"";
constexpr std::string_view kLoss = "numgen random mod 1000000 < ";
constexpr std::string_view kDrop = " drop";

// nft's names have fewer characters than interfaces'. Ours are made of [a-z0-9.~-] (net/if_name.h), so that no two
// become the same; were they to, nft would refuse the table.
std::string chainName(const std::string& device) {
  std::string out = "loss-" + device;
  for (char& c : out) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    c = plain ? c : '_';
  }
  return out;
}

std::string chain(const std::string& device, std::uint32_t perMillion) {
  const std::string rule =
      perMillion >= kMillion ? "drop" : std::string(kLoss) + std::to_string(perMillion) + std::string(kDrop);
  return "\tchain " + chainName(device) + " {\n\t\t" + std::string(kHook) + device +
         "\" priority filter; policy accept;\n\t\t" + rule + "\n\t}";
}

struct Chain {
  std::string text;    // with its braces, without the line feed at its end
  std::string device;  // empty: not at an ingress
  std::uint32_t perMillion = 0;
};

std::vector<Chain> chainsOf(const NftTable& table) {
  std::vector<Chain> out;
  bool inside = false;
  for (const auto line : base::split(table.body, '\n')) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
      continue;
    }
    std::string_view words = line.substr(begin);
    if (!inside) {
      out.emplace_back();
      inside = true;
    }
    Chain& chain = out.back();
    chain.text += (chain.text.empty() ? "" : "\n") + std::string(line);
    if (words == "}") {
      inside = false;
    } else if (words.starts_with(kHook)) {
      words.remove_prefix(kHook.size());
      chain.device = words.substr(0, words.find('"'));
    } else if (words == "drop") {
      chain.perMillion = kMillion;
    } else if (words.starts_with(kLoss) && words.ends_with(kDrop)) {
      words.remove_prefix(kLoss.size());
      words.remove_suffix(kDrop.size());
      chain.perMillion = static_cast<std::uint32_t>(base::parseInteger(words, 0, kMillion).value_or(0));
    }
  }
  return out;
}

}  // namespace

NftTable ingressLossTable(const std::string& netns, const IngressLosses& losses) {
  std::vector<std::string> chains;
  for (const auto& [device, perMillion] : losses) {
    chains.push_back(chain(device, perMillion));
  }
  return {netns, base::join(chains, "\n\n"), NftFamily::kNetdev};
}

IngressLosses ingressLossesOf(const NftTable& table) {
  IngressLosses out;
  if (table.family == NftFamily::kNetdev) {
    for (const Chain& chain : chainsOf(table)) {
      if (!chain.device.empty() && chain.perMillion != 0) {
        out[chain.device] = chain.perMillion;
      }
    }
  }
  return out;
}

std::vector<std::string> ingressDevicesOf(const NftTable& table) {
  std::vector<std::string> out;
  if (table.family == NftFamily::kNetdev) {
    for (const Chain& chain : chainsOf(table)) {
      if (!chain.device.empty()) {
        out.push_back(chain.device);
      }
    }
  }
  return out;
}

NftTable withoutIngress(NftTable table, const std::string& device) {
  std::vector<std::string> left;
  for (const Chain& chain : chainsOf(table)) {
    if (chain.device != device) {
      left.push_back(chain.text);
    }
  }
  table.body = base::join(left, "\n\n");
  return table;
}

}  // namespace vpclab::state
