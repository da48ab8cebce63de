#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/ip.h"

// ICMP echo as bytes: RFC 792. Pure functions.
namespace vpclab::check {

inline constexpr std::size_t kEchoPayloadBytes = 32;
using EchoPayload = std::array<std::uint8_t, kEchoPayloadBytes>;

// An echo request, from the ICMP header on, checksum filled in. Identifier and sequence number in host order.
std::vector<std::uint8_t> makeEchoRequest(std::uint16_t id, std::uint16_t sequence, const EchoPayload& payload);

// The answer to an echo request: its reply, or an ICMP error that quotes it.
struct IcmpAnswer {
  bool reply = false;
  net::IpAddr from;    // who sent the answer
  net::IpAddr target;  // whom the request was for; of a reply the same as `from`
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t id = 0;               // of the echo request
  std::uint16_t sequence = 0;         // of the echo request
  std::vector<std::uint8_t> payload;  // of a reply whole; of an error as much as it quotes, maybe nothing
};

// Reads what a raw ICMP socket gave: an IPv4 packet, header included (raw(7)). Nothing for anything else than an answer
// to an echo request, and for what is cut short or has a wrong checksum.
std::optional<IcmpAnswer> parseIcmpAnswer(std::span<const std::uint8_t> packet);

bool isUnreachable(const IcmpAnswer& answer);
bool isTimeExceeded(const IcmpAnswer& answer);
// "Destination Net Unreachable from 172.16.1.1", in the words of ping(8).
std::string describe(const IcmpAnswer& answer);

}  // namespace vpclab::check
