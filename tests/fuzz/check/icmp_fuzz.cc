#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "check/icmp_packet.h"
#include "fuzz/require.h"

using namespace vpclab;
using fuzz::require;

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kIpHeader = 20;

void look(Bytes packet) {
  const auto answer = check::parseIcmpAnswer(packet);
  if (!answer) {
    return;
  }
  require(packet.size() >= kIpHeader + 8 && answer->payload.size() <= packet.size() - kIpHeader - 8);
  require(!check::describe(*answer).empty());
  require(!(check::isUnreachable(*answer) && check::isTimeExceeded(*answer)));
  require(!answer->reply || (answer->target == answer->from && answer->type == 0));
}

// The packet with the checksum that its ICMP part should have (RFC 1071), so that what lies behind it is reached.
std::vector<std::uint8_t> repaired(Bytes packet) {
  std::vector<std::uint8_t> out(packet.begin(), packet.end());
  const std::size_t icmp = out.empty() ? 0 : (out[0] & 0xFU) * 4U;
  if (out.size() < icmp + 4) {
    return out;
  }
  out[icmp + 2] = out[icmp + 3] = 0;
  std::uint32_t sum = 0;
  for (std::size_t i = icmp; i < out.size(); ++i) {
    sum += (i - icmp) % 2 == 0 ? std::uint32_t{out[i]} << 8U : out[i];
  }
  while (sum > 0xFFFFU) {
    sum = (sum & 0xFFFFU) + (sum >> 16U);
  }
  sum = ~sum;
  out[icmp + 2] = static_cast<std::uint8_t>(sum >> 8U);
  out[icmp + 3] = static_cast<std::uint8_t>(sum);
  return out;
}

// Our own request, sent back as a reply, gives back what it carried.
void lookAtReply(Bytes input) {
  check::EchoPayload payload{};
  std::copy_n(input.begin(), std::min(input.size(), payload.size()), payload.begin());
  const auto id = static_cast<std::uint16_t>(input.size() * 257U);
  const auto sequence = static_cast<std::uint16_t>(payload[0] * 256U + payload[1]);
  std::vector<std::uint8_t> packet(kIpHeader);
  packet[0] = 0x45;
  packet[9] = 1;
  const auto request = check::makeEchoRequest(id, sequence, payload);
  packet.insert(packet.end(), request.begin(), request.end());
  require(!check::parseIcmpAnswer(packet));
  packet[kIpHeader] = 0;
  const auto answer = check::parseIcmpAnswer(repaired(packet));
  require(answer && answer->reply && answer->id == id && answer->sequence == sequence);
  require(std::equal(payload.begin(), payload.end(), answer->payload.begin(), answer->payload.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  look(input);
  look(repaired(input));
  lookAtReply(input);
  return 0;
}
