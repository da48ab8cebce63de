#include <doctest/doctest.h>

#include "lab/addressing.h"
#include "lab/page.h"
#include "lab/range.h"
#include "lab/report.h"
#include "lab/scalars.h"

using namespace vpclab;
using namespace vpclab::lab;

TEST_CASE("slugs") {
  for (const char* good : {"a", "bj-vpc1", "0", "a--b"}) {
    CHECK(isSlug(good));
  }
  for (const char* bad : {"", "-", "a-", "-a", "A", "a_b", "a.b", "北京", "a b"}) {
    CHECK_FALSE(isSlug(bad));
  }
  CHECK(slugOf("Cross Region!") == "cross-region");
  CHECK(slugOf("  ") == "");
}

TEST_CASE("bandwidths") {
  CHECK(parseBandwidth("10mbit") == 10'000'000U);
  CHECK(parseBandwidth("1.5gbit") == 1'500'000'000U);
  CHECK(parseBandwidth("500kbit") == 500'000U);
  CHECK(parseBandwidth("0bit") == 0U);
  for (const char* bad : {"", "10", "mbit", "10 mbit", "-1mbit", "10Mbit", "1.bit", ".5mbit", "1.5bit", "1.2345mbit",
                          "1..2mbit", "99999999999999999999mbit", "9999999999tbit", "0x10mbit", "1e3mbit", "10mbits"}) {
    CAPTURE(bad);
    CHECK_FALSE(parseBandwidth(bad));
  }
  CHECK(bandwidthText(10'000'000) == "10mbit");
  CHECK(bandwidthText(1'500) == "1500bit");
}

TEST_CASE("durations and sizes") {
  using namespace std::chrono_literals;
  CHECK(parseDuration("200ms") == 200ms);
  CHECK(parseDuration("1.5s") == 1500ms);
  CHECK(parseDuration("2m") == 120s);
  CHECK(parseDuration("1h") == 3600s);
  CHECK_FALSE(parseDuration("10"));
  CHECK_FALSE(parseDuration("1.5ms"));
  CHECK_FALSE(parseDuration("-1s"));
  CHECK(parseSize("15kb") == 15360U);
  CHECK(parseSize("512b") == 512U);
  CHECK_FALSE(parseSize("5gb"));
  CHECK_FALSE(parseSize("99999999kb"));
}

TEST_CASE("the address plan of a vxnet") {
  const auto plan = [](const char* text) {
    const auto network = *net::Prefix::parse(text);
    return gatewayOf(network).toString() + " " + borderAddressOf(network).toString();
  };
  CHECK(plan("172.16.1.0/24") == "172.16.1.1 172.16.1.254");
  CHECK(plan("10.0.0.0/16") == "10.0.0.1 10.0.255.254");
  CHECK(plan("10.0.0.64/29") == "10.0.0.65 10.0.0.70");
}

TEST_CASE("which addresses are public") {
  const auto why = [](const char* text) { return notPublicAs(*net::IpAddr::parse(text)); };
  CHECK(why("139.198.18.135") == "");
  CHECK(why("203.0.113.1") == "");
  for (const char* bad : {"0.0.0.0", "10.1.2.3", "172.31.255.255", "192.168.0.1", "100.64.0.1", "127.0.0.1",
                          "169.254.1.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.51.100.1"}) {
    CAPTURE(bad);
    CHECK(why(bad) != "");
  }
}

TEST_CASE("overlaps: each once, but not within a group") {
  const auto use = [](const char* range, const char* group, int line) {
    return RangeUse{*net::Prefix::parse(range), std::to_string(line), group, {"f", line, 1}};
  };
  const auto overlaps = [](std::vector<RangeUse> uses) {
    std::string out;
    forEachOverlap(std::move(uses),
                   [&](const RangeUse& a, const RangeUse& b) { out += a.owner + "<" + b.owner + " "; });
    return out;
  };
  CHECK(overlaps({use("10.0.0.0/24", "", 1), use("10.0.1.0/24", "", 2)}) == "");
  CHECK(overlaps({use("10.0.0.128/25", "", 1), use("10.0.0.0/24", "", 2)}) == "1<2 ");
  CHECK(overlaps({use("10.0.0.0/24", "g", 1), use("10.0.0.0/24", "g", 2)}) == "");
  CHECK(overlaps({use("10.0.0.0/8", "", 1), use("10.0.0.0/16", "g", 2), use("10.0.0.0/24", "g", 3)}) == "1<2 1<3 ");
  CHECK(overlaps({use("10.0.0.0/9", "", 3), use("10.128.0.0/9", "", 2), use("10.200.0.0/16", "", 1)}) == "1<2 ");
}

TEST_CASE("text from a file is shown safely") {
  CHECK(quote("a\x1b[31m") == "\"a\\x1b[31m\"");
  CHECK(quote(std::string(79, 'a') + "北京") == "\"" + std::string(79, 'a') + "...\"");
}

TEST_CASE("content types") {
  CHECK(contentTypeOf("a/b.HTML") == "text/html; charset=utf-8");
  CHECK(contentTypeOf("a.b/c") == "application/octet-stream");
  CHECK(contentTypeOf("x.png") == "image/png");
}

TEST_CASE("delays, losses and ranges") {
  CHECK(parseDelay("20ms") == 20'000);
  CHECK(parseDelay("500us") == 500);
  CHECK(parseDelay("1.5ms") == 1'500);
  CHECK(parseDelay("2s") == 2'000'000);
  for (const char* wrong : {"", "20", "ms", "-1ms", "20 ms", "1h", "20MS", "0.0001us"}) {
    CHECK_FALSE(parseDelay(wrong));
  }
  CHECK(delayText(20'000) == "20ms");
  CHECK(parseLoss("1%") == 10'000);
  CHECK(parseLoss("0.05%") == 500);
  CHECK(parseLoss("100%") == 1'000'000);
  for (const char* wrong : {"", "1", "%", "1 %", "0.00001%", "-1%", "1ppm"}) {
    CHECK_FALSE(parseLoss(wrong));
  }
  CHECK(lossText(500) == "0.05%");
  CHECK(lossText(1'000'000) == "100%");
  const Field rtt{"rtt", Type::kDelayRange, false, 0, 1'000'000};
  CHECK(parseRange("40ms..60ms", rtt) == Range{40'000, 60'000, "40ms..60ms"});
  CHECK(parseRange("..60ms", rtt) == Range{0, 60'000, "..60ms"});
  CHECK(parseRange("40ms..", rtt) == Range{40'000, 1'000'000, "40ms..", true});
  CHECK(parseRange("40ms", rtt) == Range{40'000, 40'000, "40ms"});
  for (const char* wrong : {"", "..", "60ms..40ms", "40..60ms", "40ms...60ms", "40ms..60ms..80ms", "1%..2%"}) {
    CHECK_FALSE(parseRange(wrong, rtt));
  }
}
