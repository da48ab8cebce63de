#include "daemon/allocations_json.h"

#include <nlohmann/json.hpp>

#include "api/json_reader.h"

namespace vpclab::daemon {

using nlohmann::json;

namespace {

template <class T, class Encode>
json encoded(const std::map<std::string, T>& from, Encode encode) {
  json out = json::object();
  for (const auto& [name, value] : from) {
    out[name] = encode(value);
  }
  return out;
}

template <class T, class Decode>
base::Result<> decoded(const json* from, const char* what, std::map<std::string, T>& into, Decode decode) {
  if (from == nullptr || !from->is_object()) {
    return base::fail(base::ErrorKind::kInvalid, std::string("allocations: `") + what + "` must be an object");
  }
  for (const auto& [name, value] : from->items()) {
    auto one = decode(value);
    if (!one) {
      return base::fail(base::ErrorKind::kInvalid, std::string("allocations: `") + what + "`: bad value of " + name);
    }
    into.emplace(name, *one);
  }
  return {};
}

std::optional<net::IpAddr> addressOf(const json& value) {
  return value.is_string() ? net::IpAddr::parse(value.get_ref<const std::string&>()) : std::nullopt;
}

std::optional<net::WgKey> keyOf(const json& value) {
  return value.is_string() ? net::WgKey::parse(value.get_ref<const std::string&>()) : std::nullopt;
}

std::optional<std::uint32_t> numberOf(const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX) {
    return std::nullopt;
  }
  return value.get<std::uint32_t>();
}

}  // namespace

json allocationsToJson(const compile::Allocations& allocations) {
  const auto address = [](const net::IpAddr& a) { return a.toString(); };
  const auto key = [](const net::WgKey& k) { return k.toBase64(); };
  const auto number = [](std::uint32_t n) { return n; };
  return {{"addresses", encoded(allocations.addresses, address)},
          {"private_keys", encoded(allocations.privateKeys, key)},
          {"wan_addresses", encoded(allocations.wanAddresses, address)},
          {"domain_numbers", encoded(allocations.domainNumbers, number)},
          {"eip_numbers", encoded(allocations.eipNumbers, number)}};
}

base::Result<compile::Allocations> allocationsFromJson(const json& value) {
  compile::Allocations out;
  api::JsonReader reader(value, "allocations");
  const json* addresses = reader.member("addresses");
  const json* keys = reader.member("private_keys");
  const json* wan = reader.member("wan_addresses");
  const json* domains = reader.member("domain_numbers");
  const json* eips = reader.member("eip_numbers");
  auto done = reader.finish();
  if (done) {
    done = decoded(addresses, "addresses", out.addresses, addressOf);
  }
  if (done) {
    done = decoded(keys, "private_keys", out.privateKeys, keyOf);
  }
  if (done) {
    done = decoded(wan, "wan_addresses", out.wanAddresses, addressOf);
  }
  if (done) {
    done = decoded(domains, "domain_numbers", out.domainNumbers, numberOf);
  }
  if (done) {
    done = decoded(eips, "eip_numbers", out.eipNumbers, numberOf);
  }
  if (!done) {
    return base::fail(std::move(done.error()));
  }
  return out;
}

}  // namespace vpclab::daemon
