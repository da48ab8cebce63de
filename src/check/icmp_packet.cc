#include "check/icmp_packet.h"

#include <algorithm>

#include <netinet/in.h>
#include <netinet/ip_icmp.h>

namespace vpclab::check {

namespace {

constexpr std::size_t kIcmpHeaderBytes = 8;
constexpr std::size_t kMinIpHeaderBytes = 20;

// RFC 1071, over bytes in network order.
std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const std::uint32_t low = i + 1 < bytes.size() ? bytes[i + 1] : 0;
    sum += (std::uint32_t{bytes[i]} << 8U) + low;
  }
  while ((sum >> 16U) != 0) {
    sum = (sum & 0xFFFFU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum);
}

std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>((std::uint32_t{bytes[at]} << 8U) | bytes[at + 1]);
}

void write16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// What is behind an IPv4 header that announces ICMP; nothing where the header is not whole or it is not IPv4 ICMP.
std::optional<std::span<const std::uint8_t>> icmpOf(std::span<const std::uint8_t> packet) {
  if (packet.size() < kMinIpHeaderBytes || packet[0] >> 4U != 4 || packet[9] != IPPROTO_ICMP) {
    return std::nullopt;
  }
  const std::size_t header = std::size_t{packet[0] & 0xFU} * 4;
  if (header < kMinIpHeaderBytes || packet.size() < header + kIcmpHeaderBytes) {
    return std::nullopt;
  }
  return packet.subspan(header);
}

bool isError(std::uint8_t type) {
  return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

}  // namespace

std::vector<std::uint8_t> makeEchoRequest(std::uint16_t id, std::uint16_t sequence, const EchoPayload& payload) {
  std::vector<std::uint8_t> out(kIcmpHeaderBytes + payload.size());
  out[0] = ICMP_ECHO;
  write16(out, 4, id);
  write16(out, 6, sequence);
  std::copy(payload.begin(), payload.end(), out.begin() + kIcmpHeaderBytes);
  write16(out, 2, checksum(out));
  return out;
}

std::optional<IcmpAnswer> parseIcmpAnswer(std::span<const std::uint8_t> packet) {
  const auto icmp = icmpOf(packet);
  if (!icmp || checksum(*icmp) != 0) {
    return std::nullopt;
  }
  IcmpAnswer out;
  out.from = *net::IpAddr::fromBytes(&packet[12], 4);
  out.type = (*icmp)[0];
  out.code = (*icmp)[1];
  if (out.type == ICMP_ECHOREPLY && out.code == 0) {
    out.reply = true;
    out.target = out.from;
    out.id = read16(*icmp, 4);
    out.sequence = read16(*icmp, 6);
    const auto payload = icmp->subspan(kIcmpHeaderBytes);
    out.payload.assign(payload.begin(), payload.end());
    return out;
  }
  if (!isError(out.type)) {
    return std::nullopt;
  }
  const auto quotedPacket = icmp->subspan(kIcmpHeaderBytes);
  const auto quoted = icmpOf(quotedPacket);
  if (!quoted || (*quoted)[0] != ICMP_ECHO) {
    return std::nullopt;
  }
  out.target = *net::IpAddr::fromBytes(&quotedPacket[16], 4);
  out.id = read16(*quoted, 4);
  out.sequence = read16(*quoted, 6);
  const auto payload = quoted->subspan(kIcmpHeaderBytes);
  out.payload.assign(payload.begin(), payload.end());
  return out;
}

bool isUnreachable(const IcmpAnswer& answer) {
  return !answer.reply && answer.type == ICMP_DEST_UNREACH;
}

bool isTimeExceeded(const IcmpAnswer& answer) {
  return !answer.reply && answer.type == ICMP_TIME_EXCEEDED;
}

std::string describe(const IcmpAnswer& answer) {
  std::string what;
  if (answer.reply) {
    what = "Echo Reply";
  } else if (answer.type == ICMP_TIME_EXCEEDED) {
    what = "Time to live exceeded";
  } else if (answer.type == ICMP_DEST_UNREACH) {
    switch (answer.code) {
      case ICMP_NET_UNREACH:
        what = "Destination Net Unreachable";
        break;
      case ICMP_HOST_UNREACH:
        what = "Destination Host Unreachable";
        break;
      case ICMP_PROT_UNREACH:
        what = "Destination Protocol Unreachable";
        break;
      case ICMP_PORT_UNREACH:
        what = "Destination Port Unreachable";
        break;
      case ICMP_FRAG_NEEDED:
        what = "Fragmentation needed";
        break;
      case ICMP_NET_ANO:
        what = "Destination Net Prohibited";
        break;
      case ICMP_HOST_ANO:
        what = "Destination Host Prohibited";
        break;
      case ICMP_PKT_FILTERED:
        what = "Packet filtered";
        break;
      default:
        what = "Destination Unreachable, code " + std::to_string(answer.code);
    }
  } else {
    what = "ICMP type " + std::to_string(answer.type) + ", code " + std::to_string(answer.code);
  }
  return what + " from " + answer.from.toString();
}

}  // namespace vpclab::check
