#include "daemon/front_page.h"

#include <doctest/doctest.h>

using namespace vpclab;

namespace {

lab::Listener listener(const char* id, lab::Protocol protocol, std::uint16_t port) {
  lab::Listener out;
  out.id = id;
  out.protocol = protocol;
  out.port = port;
  return out;
}

lab::LoadBalancer balancer(const char* id, std::vector<std::string> eips, std::vector<lab::Listener> listeners) {
  lab::LoadBalancer out;
  out.id = id;
  out.eips = std::move(eips);
  out.listeners = std::move(listeners);
  return out;
}

lab::Lab labOf(const std::vector<lab::LoadBalancer>& balancers) {
  lab::Lab out;
  out.eips["e1"].address = *net::IpAddr::parse("139.1.1.1");
  out.eips["e2"].address = *net::IpAddr::parse("139.1.1.2");
  for (const auto& one : balancers) {
    out.loadBalancers[one.id] = one;
  }
  return out;
}

std::string found(const lab::Lab& lab) {
  const auto page = daemon::frontPageOf(lab);
  return page ? page->balancer->id + " " + page->address.toString() + ":" + std::to_string(page->port) : "none";
}

}  // namespace

TEST_CASE("the page that forward leads to speaks HTTP, on port 80 if there is one, whatever its listener is called") {
  using enum lab::Protocol;
  const auto alt = listener("alt", kHttp, 8080);
  const auto raw = listener("raw", kTcp, 9000);
  const auto web = listener("web", kHttp, 80);
  CHECK(found(labOf({balancer("a", {"e1"}, {alt, raw, web})})) == "a 139.1.1.1:80");
  CHECK(found(labOf({balancer("a", {"e2", "e1"}, {raw, alt})})) == "a 139.1.1.2:8080");
  CHECK(found(labOf({balancer("a", {"e1"}, {raw})})) == "a 139.1.1.1:9000");
  CHECK(found(labOf({balancer("a", {"e1"}, {raw}), balancer("b", {"e2"}, {raw, alt})})) == "b 139.1.1.2:8080");
  CHECK(found(labOf({balancer("a", {"e1"}, {alt}), balancer("b", {"e2"}, {web})})) == "a 139.1.1.1:8080");
  CHECK(found(labOf({balancer("a", {}, {web}), balancer("b", {"e2"}, {})})) == "none");
}
