#include "kernel/wg_uapi.h"

#include <array>
#include <cerrno>
#include <limits>

#include <poll.h>
#include <sys/socket.h>

#include "base/text.h"

namespace vpclab::kernel {

namespace {

constexpr std::size_t kMaxAnswer = 16U << 20U;

base::Result<> waitFor(int fd, short events, base::Deadline deadline) {
  pollfd entry{fd, events, 0};
  for (;;) {
    const int ready = ::poll(&entry, 1, deadline.pollTimeout());
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return base::fail(base::ErrorKind::kTimeout, "wireguard-go does not answer");
    }
    if (errno != EINTR) {
      return base::failErrno("wait for wireguard-go");
    }
  }
}

// An answer ends with an empty line.
base::Result<std::string> exchange(int fd, std::string_view request, base::Deadline deadline) {
  while (!request.empty()) {
    const ssize_t n = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      request.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      if (auto ready = waitFor(fd, POLLOUT, deadline); !ready) {
        return base::fail(std::move(ready.error()));
      }
    } else if (errno != EINTR) {
      return base::failErrno("send to wireguard-go");
    }
  }
  std::string answer;
  std::array<char, 16384> buffer;
  while (!answer.ends_with("\n\n")) {
    if (auto ready = waitFor(fd, POLLIN, deadline); !ready) {
      return base::fail(std::move(ready.error()));
    }
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n == 0 || answer.size() > kMaxAnswer) {
      return base::fail(base::ErrorKind::kProtocol, "wireguard-go broke off its answer");
    }
    if (n > 0) {
      answer.append(buffer.data(), static_cast<std::size_t>(n));
    } else if (errno != EAGAIN && errno != EINTR) {
      return base::failErrno("receive from wireguard-go");
    }
  }
  return answer;
}

std::optional<net::WgKey> parseHexKey(std::string_view text) {
  net::WgKey key;
  if (text.size() != 2 * key.bytes.size()) {
    return std::nullopt;
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  for (std::size_t i = 0; i < key.bytes.size(); ++i) {
    const int high = digit(text[2 * i]);
    const int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    key.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return key;
}

bool parseEndpoint(std::string_view text, state::WgPeer& peer) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  peer.endpointAddress = net::IpAddr::parse(host);
  const auto port = base::parseInteger(text.substr(colon + 1), 0, 65535);
  peer.endpointPort = static_cast<std::uint16_t>(port.value_or(0));
  return peer.endpointAddress && port;
}

// One "key=value" line; `peer` is the one that the lines are about. False: malformed.
bool takeLine(std::string_view name, std::string_view value, state::WgDevice& out, state::WgPeer*& peer) {
  if (name == "private_key" || name == "public_key") {
    const auto key = parseHexKey(value);
    if (!key) {
      return false;
    }
    if (name == "public_key") {
      peer = &(*out.peers)[*key];
    } else {
      out.privateKey = *key;
      out.publicKey = net::publicKeyOf(*key);
    }
    return true;
  }
  if (name == "listen_port") {
    const auto port = base::parseInteger(value, 0, 65535);
    out.listenPort = static_cast<std::uint16_t>(port.value_or(0));
    return port.has_value();
  }
  if (peer != nullptr && name == "endpoint") {
    return parseEndpoint(value, *peer);
  }
  if (peer != nullptr && name == "persistent_keepalive_interval") {
    const auto seconds = base::parseInteger(value, 0, 65535);
    peer->keepaliveSeconds = static_cast<std::uint16_t>(seconds.value_or(0));
    return seconds.has_value();
  }
  if (peer != nullptr && name == "allowed_ip") {
    const auto prefix = net::Prefix::parse(value);
    if (prefix) {
      peer->allowedIps.push_back(*prefix);
    }
    return prefix.has_value();
  }
  return true;  // counters and the like
}

// A line about the peer that `traffic` is of. False: malformed.
bool takeTraffic(std::string_view name, std::string_view value, WgTraffic& traffic) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const bool seconds = name == "last_handshake_time_sec";
  const bool nanoseconds = name == "last_handshake_time_nsec";
  if (!seconds && !nanoseconds && name != "rx_bytes" && name != "tx_bytes") {
    return true;
  }
  const auto number = base::parseInteger(value, 0, kMax);
  if (!number) {
    return false;
  }
  if (seconds || nanoseconds) {
    (seconds ? traffic.handshakeSeconds : traffic.handshakeNanoseconds) = *number;
  } else {
    (name == "rx_bytes" ? traffic.receivedBytes : traffic.sentBytes) = static_cast<std::uint64_t>(*number);
  }
  return true;
}

}  // namespace

std::string uapiSetRequest(const WgChange& change) {
  std::string out = "set=1\n";
  if (change.privateKey) {
    out += "private_key=" + change.privateKey->toHex() + "\n";
  }
  if (change.listenPort) {
    out += "listen_port=" + std::to_string(*change.listenPort) + "\n";
  }
  for (const net::WgKey& key : change.removed) {
    out += "public_key=" + key.toHex() + "\nremove=true\n";
  }
  for (const auto& [key, peer] : change.written) {
    out += "public_key=" + key.toHex() + "\n";
    if (peer.endpointAddress) {
      const std::string host = peer.endpointAddress->toString();
      out += "endpoint=" + (peer.endpointAddress->isV4() ? host : "[" + host + "]") + ":" +
             std::to_string(peer.endpointPort) + "\n";
    }
    out += "persistent_keepalive_interval=" + std::to_string(peer.keepaliveSeconds) + "\nreplace_allowed_ips=true\n";
    for (const net::Prefix& prefix : peer.allowedIps) {
      out += "allowed_ip=" + prefix.toString() + "\n";
    }
  }
  return out + "\n";
}

base::Result<state::WgDevice> parseUapiAnswer(std::string_view answer, WgTraffics* traffic) {
  state::WgDevice out;
  state::WgPeer* peer = nullptr;
  WgTraffic* told = nullptr;
  for (const auto line : base::split(answer, '\n')) {
    if (line.empty()) {
      continue;
    }
    const auto equals = line.find('=');
    const auto name = line.substr(0, equals);
    const auto value = equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1);
    if (name == "errno") {
      const auto code = base::parseInteger(value, std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
      if (!code || *code != 0) {
        // wireguard-go reports negative errnos.
        return base::fail(base::Error::fromErrno(static_cast<int>(std::abs(code.value_or(EPROTO))),
                                                 "wireguard-go refuses the request"));
      }
      return out;
    }
    if (const auto key = name == "public_key" && traffic != nullptr ? parseHexKey(value) : std::nullopt) {
      told = &(*traffic)[*key];
    }
    if (equals == std::string_view::npos || !takeLine(name, value, out, peer) ||
        (told != nullptr && !takeTraffic(name, value, *told))) {
      // The line may hold the private key: only its name is told.
      return base::fail(base::ErrorKind::kProtocol,
                        "wireguard-go sent a malformed line about '" + base::printable(name.substr(0, 40)) + "'");
    }
  }
  return base::fail(base::ErrorKind::kProtocol, "wireguard-go's answer has no errno line");
}

base::Result<> writeUapi(const base::UniqueFd& socket, const WgChange& change, base::Deadline deadline) {
  if (change.empty()) {
    return {};
  }
  auto answer = exchange(socket.get(), uapiSetRequest(change), deadline);
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  auto parsed = parseUapiAnswer(*answer);
  if (!parsed) {
    return base::fail(std::move(parsed.error()));
  }
  return {};
}

base::Result<state::WgDevice> readUapi(const base::UniqueFd& socket, base::Deadline deadline, WgTraffics* traffic) {
  auto answer = exchange(socket.get(), "get=1\n\n", deadline);
  if (!answer) {
    return base::fail(std::move(answer.error()));
  }
  return parseUapiAnswer(*answer, traffic);
}

}  // namespace vpclab::kernel
