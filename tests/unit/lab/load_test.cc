#include <doctest/doctest.h>

#include "base/file.h"
#include "unit/lab/sources.h"

using namespace vpclab;
using namespace std::chrono_literals;

namespace {

const std::string kNet = R"(lab: x
regions: {r: {title: 北京3区}}
vpcs: {v: {title: 演示VPC, region: 北京3区, cidr: 10.0.0.0/16}}
vxnets: {n: {title: 演示vxnet, vpc: 演示VPC, cidr: 10.0.1.0/24}}
)";

lab::Lab loadGood(const std::string& yaml, std::map<std::string, std::string> others = {}) {
  const auto loaded = test::loadText(yaml, std::move(others));
  REQUIRE(test::textOf(loaded.diagnostics) == "");
  return loaded.lab;
}

}  // namespace

TEST_CASE("references by title become ids; a missing title is the id") {
  const auto lab = loadGood(kNet + "servers: {s: {vxnet: 演示vxnet}}\n");
  CHECK(lab.vpcs.at("v").region == "r");
  CHECK(lab.vxnets.at("n").vpc == "v");
  CHECK(lab.servers.at("s").vxnet == "n");
  CHECK(lab.servers.at("s").title == "s");
  CHECK(lab.vpcs.at("v").title == "演示VPC");
  CHECK_FALSE(lab.servers.at("s").address);
}

TEST_CASE("an id wins over another's title") {
  const auto lab = loadGood("lab: x\nregions: {a: {title: b}, b: {}}\nvpcs: {v: {region: b, cidr: 10.0.0.0/8}}\n");
  CHECK(lab.vpcs.at("v").region == "b");
}

TEST_CASE("positions are of the id, columns count characters") {
  const auto lab = loadGood("lab: x\nregions: {r: {title: 北京}, s: {}}\n");
  CHECK(lab.regions.at("r").pos.toString() == "lab.yaml:2:11");
  CHECK(lab.regions.at("s").pos.toString() == "lab.yaml:2:27");
}

TEST_CASE("a byte order mark and CRLF are read, places stay right") {
  const auto loaded = test::loadText("\xEF\xBB\xBFlab: x\r\nregions:\r\n  r: {tile: A}\r\n");
  CHECK(test::textOf(loaded.diagnostics) ==
        "lab.yaml:3:7: error: a region has no key \"tile\"; did you mean \"title\"?\n");
}

TEST_CASE("lines end as the parser ends them; what ends one for nobody else is refused") {
  const auto said = [](const std::string& text) { return test::textOf(test::loadText(text).diagnostics); };
  const std::string what = "error: a region has no key \"tile\"; did you mean \"title\"?\n";
  CHECK(said("lab: x\rregions:\r  r: {tile: A}\r") == "lab.yaml:3:7: " + what);
  CHECK(said("lab: x\r\rregions: {r: {tile: A}}") == "lab.yaml:3:15: " + what);
  for (const std::string separator : {"\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    CHECK(said("lab: x\r\n# \xC3\xA4" + separator + "\n")
              .starts_with("lab.yaml:2:4: error: a line or paragraph separator"));
  }
  CHECK(said("lab: x\ntitle: a \xEF\xBF\xBE\n") ==
        "lab.yaml:2:10: error: a character that YAML does not allow; remove it\n");
}

TEST_CASE("an alias stands for the last anchor of its name that is complete") {
  const auto said = [](const std::string& text) { return test::textOf(test::loadText(text).diagnostics); };
  CHECK(said("lab: *x") ==
        "lab.yaml:1:6: error: an alias to an anchor that is not defined; define it before, as &name\n");
  CHECK(said("lab: &x [*x]") == "lab.yaml:1:10: error: an alias inside of what it stands for\n");
  CHECK(said("lab: &x x\n&x title: *x") == "lab.yaml:2:1: error: a key cannot have an anchor; give it to the value\n");
  CHECK(said("*x : y") == "lab.yaml:1:1: error: an alias cannot be a key\n");
  const auto lab = loadGood("lab: &n x\nregions: &n {r: {title: &n A}, s: {title: *n}}\ntitle: *n\n");
  CHECK(lab.regions.at("s").title == "A");
  CHECK(lab.title == "A");
}

TEST_CASE("what a text is that no quotes hold") {
  const auto titleOf = [](const std::string& text) { return loadGood("lab: x\ntitle: " + text + "\n").title; };
  CHECK(titleOf("http://a/b?c=d#e, [f]") == "http://a/b?c=d#e, [f]");
  CHECK(titleOf("a # b") == "a");
  CHECK(titleOf("a\n  b\n  c") == "a b c");
  CHECK(titleOf("'null'") == "null");
  CHECK(titleOf("\"a\\u00e4\\\n  b\"") ==
        "a\xC3\xA4"
        "b");
  for (const std::string nothing : {"", "~", "null", "Null", "NULL"}) {
    CHECK_FALSE(test::loadText("lab: x\ntitle: " + nothing + "\n").ok());
  }
}

TEST_CASE("a lab's name is known ahead where it is among the first things") {
  CHECK(lab::nameAhead("lab: x\nregions: {r: {}}") == "x");
  CHECK(lab::nameAhead("\xEF\xBB\xBF---\ntitle: &lab lab\nregions: {lab: a, b: [lab, c]}\nsection: *lab\nlab: 'x'\n") ==
        "x");
  CHECK(lab::nameAhead("{lab: x, broken") == "x");
  for (const std::string text : {"", "[lab, x]", "lab", "a: {lab: x}", "lab: [x]", "lab: {x: y}\nb: x",
                                 "title: lab\nb: x", "? [lab]\n: x\n", "\xFF\xFE", "\"lab"}) {
    CAPTURE(text);
    CHECK(lab::nameAhead(text).empty());
  }
  std::string late = "regions:\n";
  for (int i = 0; i < 100; ++i) {
    late += "  r" + std::to_string(i) + ": {}\n";
  }
  CHECK(lab::nameAhead(late + "lab: x\n").empty());
}

TEST_CASE("a quote that nobody closes is told where it begins, however the file ends") {
  for (const std::string end : {"", "\n", "\n  ", "\n\n", "\r\n"}) {
    CAPTURE(end);
    const auto said = [&](const std::string& text) { return test::textOf(test::loadText(text + end).diagnostics); };
    CHECK(said(kNet + "title: \"abc \\\"d\nservers: {}") ==
          "lab.yaml:5:8: error: a quote that is not closed; end the text with \"\n");
    CHECK(said(kNet + "title: 'it''s") == "lab.yaml:5:8: error: a quote that is not closed; end the text with '\n");
    CHECK(said("lab: x\ntitle: \"a\"\nsection: \"it's") ==
          "lab.yaml:3:10: error: a quote that is not closed; end the text with \"\n");
    CHECK(said("lab: x\ntitle: 'a'\nsection: '''a\"b\" c''") ==
          "lab.yaml:3:10: error: a quote that is not closed; end the text with '\n");
  }
}

TEST_CASE("the last text of a file stays as it is, however the file ends") {
  const std::map<std::string, std::string> texts{{"\"a\"\n", "a"},
                                                 {"'a'", "a"},
                                                 {"a\n", "a"},
                                                 {"a\n\n", "a"},
                                                 {"|\n  a\n", "a\n"},
                                                 {"|\n  a\n\n", "a\n"},
                                                 {"|\n  a\n  ", "a\n"},
                                                 {"|+\n  a\n", "a\n"},
                                                 {"|-\n  a\n", "a"},
                                                 {"|+\n  a\n\n", "a\n\n"},
                                                 {"|\n  a\n  # b\n", "a\n# b\n"},
                                                 {">\n  a\n  b\n", "a b\n"},
                                                 {"|2\n   a\n", " a\n"}};
  for (const auto& entry : texts) {
    const auto& text = entry.first;  // no structured binding, which clang 14 captures in no lambda
    const auto& value = entry.second;
    CAPTURE(text);
    std::string indented = text;
    for (auto at = indented.find("\n  "); at != std::string::npos; at = indented.find("\n  ", at + 1)) {
      indented.insert(at + 1, 8, ' ');
    }
    const auto lab =
        loadGood(kNet + "servers:\n  s:\n    vxnet: n\n    run: [a]\n    files:\n      /f:\n        text: " + indented);
    REQUIRE(lab.servers.at("s").files.size() == 1);
    CHECK(lab.servers.at("s").files[0].second == value);
  }
}

TEST_CASE("a list's item that is nothing is told at its dash") {
  const auto said = [](const std::string& checks) {
    return test::textOf(test::loadText("lab: x\nchecks:\n" + checks).diagnostics);
  };
  const std::string what =
      "error: a check has no value; a map, as in {key: value}; {} where no key is needed; `~` removes what an "
      "extended file has\n";
  for (const std::string end : {"", "\n", "\n\n  # - a comment\n", "\nregions: {}\n", " # here\nregions: {}\n"}) {
    CAPTURE(end);
    CHECK(said("-" + end) == "lab.yaml:3:1: " + what);
    CHECK(said("  -" + end) == "lab.yaml:3:3: " + what);
    CHECK(said("  - ~" + end) == "lab.yaml:3:5: " + what);
  }
  CHECK(said("  -\n  # -\n  -\n") == "lab.yaml:3:3: " + what + "lab.yaml:5:3: " + what);
}

TEST_CASE("extends: maps merge, lists and texts replace, ~ removes, paths follow the file that names them") {
  const std::string base = kNet + R"(servers:
  a: {vxnet: n, http: {page: a.html}}
  b: {vxnet: n, address: 10.0.1.7}
checks: [{ping: {from: a, to: b}}]
)";
  const auto lab = loadGood(R"(extends: base/base.yaml
title: over
servers:
  a: {address: 10.0.1.9}
  b: {address: ~}
  c: {vxnet: n, http: {page: a.html}}
checks: [{ping: {from: b, to: a}}, {ping: {from: c, to: a}}]
)",
                            {{"base/base.yaml", base}, {"base/a.html", "from base"}, {"a.html", "from here"}});
  CHECK(lab.name == "x");
  CHECK(lab.title == "over");
  CHECK(lab.servers.at("a").http->body == "from base");
  CHECK(lab.servers.at("c").http->body == "from here");
  CHECK(lab.servers.at("a").address->toString() == "10.0.1.9");
  CHECK_FALSE(lab.servers.at("b").address);
  CHECK(lab.servers.at("a").pos.toString() == "base/base.yaml:6:3");
  CHECK(lab.servers.at("c").pos.toString() == "lab.yaml:6:3");
  CHECK(lab.checks.size() == 2);
}

TEST_CASE("every file that was read is in the bundle, and the bundle loads alike") {
  const std::map<std::string, std::string> others{{"base.yaml", kNet}, {"p/a.html", "A"}, {"unused", "x"}};
  const auto first = test::loadText("extends: base.yaml\nservers: {s: {vxnet: n, http: {page: p/a.html}}}\n", others);
  CHECK(first.files.size() == 3);
  CHECK_FALSE(first.files.contains("unused"));
  lab::BundleSource source(first.files);
  const auto second = lab::load("lab.yaml", source);
  CHECK(second.ok());
  CHECK(test::dump(second.lab) == test::dump(first.lab));
}

TEST_CASE("the page of a server: the tutorial's with its title, escaped, or a file with its type") {
  const auto lab = loadGood(kNet + R"(servers:
  a: {title: "<b>&'\"", vxnet: n, http: {}}
  b: {vxnet: n, http: {port: 8080, page: b.txt}}
)",
                            {{"b.txt", "B"}});
  const auto& page = *lab.servers.at("a").http;
  CHECK(page.body.find("<span style=\"color:#60D978;\">&lt;b&gt;&amp;&#39;&quot;</span>") != std::string::npos);
  CHECK(page.contentType == "text/html; charset=utf-8");
  CHECK(page.port == 80);
  CHECK(lab.servers.at("b").http->body == "B");
  CHECK(lab.servers.at("b").http->contentType == "text/plain; charset=utf-8");
}

TEST_CASE("border routers: .254 unless given, domains, routes") {
  const auto lab = loadGood(kNet + R"(
border_routers:
  b1: {region: r, vxnets: [n], routes: [{name: dc, to: 10.9.0.0/16, via: 10.0.1.2}]}
  b2: {region: r, domains: {z: {}, a: {vxnets: [{vxnet: n, address: 10.0.1.253}]}}}
)");
  const auto& main = lab.borderRouters.at("b1").domains.at(0);
  CHECK(main.id == "main");
  CHECK(main.joins.at(0).address.toString() == "10.0.1.254");
  CHECK(main.routes.at(0).name == "dc");
  CHECK(lab.borderRouters.at("b2").domains.at(0).id == "a");
  CHECK(lab.borderRouters.at("b2").domains.at(0).joins.at(0).address.toString() == "10.0.1.253");
  CHECK(lab.borderRouters.at("b2").domains.at(1).id == "z");
}

TEST_CASE("a load balancer with everything said") {
  const auto lab = loadGood(kNet + R"(
servers: {s: {vxnet: n}}
load_balancers:
  lb:
    vxnet: n
    address: 10.0.1.9
    listeners:
      web:
        title: 网站
        protocol: http
        port: 80
        balance: leastconn
        idle_timeout: 1m
        header_size: 20kb
        forwarded_for: false
        forwarded_proto: true
        health_check: {type: http, path: /up, host: a.example, interval: 2s, timeout: 6s, fall: 3, rise: 4}
        backends:
          - {server: s, port: 80, weight: 0}
          - {address: 10.9.9.9, port: 81, weight: 7, disabled: true, backup: true, max_connections: 9}
        stickiness: {mode: insert, cookie: SID, timeout: 30m}
        connect_timeout: 2s
        header_timeout: 3s
        tunnel_timeout: 10s
        queue_timeout: 500ms
        max_connections: 77
        forwarded_id: true
        forwarded_address: true
        via: false
        pools:
          b: {backends: [{address: 10.9.9.8, port: 82}]}
          a: {balance: source, backends: [{server: s, port: 83}]}
        rules:
          - {host: "*.Example.COM", path_prefix: /a, pool: a}
          - {header: {name: X-V, value: "2"}, source: 10.0.0.0/8, pool: b}
          - {path: /x, redirect: {location: /y}}
          - {redirect: {status: 308, prefix: "https://b.example"}}
checks: [{backend: {load_balancer: lb, listener: web, address: 10.9.9.8, expect: up}}]
)");
  const auto& listener = lab.loadBalancers.at("lb").listeners.at(0);
  CHECK(listener.balance == lab::Balance::kLeastConnections);
  CHECK(listener.idleTimeout == 60s);
  CHECK(listener.headerSize == 20 * 1024);
  CHECK_FALSE(listener.forwardedFor);
  CHECK(listener.forwardedProto);
  CHECK(listener.healthCheck.http);
  CHECK(listener.healthCheck.path == "/up");
  CHECK(listener.healthCheck.host == "a.example");
  CHECK(listener.healthCheck.interval == 2s);
  CHECK(listener.healthCheck.timeout == 6s);
  CHECK(listener.healthCheck.fall == 3);
  CHECK(listener.healthCheck.rise == 4);
  CHECK(listener.backends.at(0).server == "s");
  CHECK(listener.backends.at(0).weight == 0);
  CHECK(listener.backends.at(1).address->toString() == "10.9.9.9");
  CHECK(listener.backends.at(1).weight == 7);
  CHECK(listener.backends.at(1).disabled);
  CHECK(listener.backends.at(1).backup);
  CHECK(listener.backends.at(1).maxConnections == 9);
  CHECK(listener.sticky.mode == lab::Stickiness::kInsert);
  CHECK(listener.sticky.cookie == "SID");
  CHECK(listener.sticky.timeout == 30min);
  CHECK(listener.connectTimeout == 2s);
  CHECK(listener.headerTimeout == 3s);
  CHECK(listener.tunnelTimeout == 10s);
  CHECK(listener.queueTimeout == 500ms);
  CHECK(listener.maxConnections == 77);
  CHECK(listener.forwardedId);
  CHECK(listener.forwardedAddress);
  CHECK_FALSE(listener.via);
  CHECK(listener.pools.at(0).id == "a");
  CHECK(listener.pools.at(0).balance == lab::Balance::kSource);
  CHECK(listener.pools.at(1).backends.at(0).port == 82);
  CHECK(listener.rules.at(0).host == "*.example.com");
  CHECK(listener.rules.at(0).pathPrefix == "/a");
  CHECK(listener.rules.at(0).pool == "a");
  CHECK(listener.rules.at(1).headerName == "X-V");
  CHECK(listener.rules.at(1).headerValue == "2");
  CHECK(listener.rules.at(1).source->toString() == "10.0.0.0/8");
  CHECK(listener.rules.at(2).path == "/x");
  CHECK(listener.rules.at(2).redirect.status == 302);
  CHECK_FALSE(listener.rules.at(2).redirect.isPrefix);
  CHECK(listener.rules.at(3).redirect.status == 308);
  CHECK(listener.rules.at(3).redirect.isPrefix);
}

TEST_CASE("commands with private files, from a file and in place") {
  const auto lab = loadGood(kNet + R"(servers:
  s:
    vxnet: n
    http: {}
    run: [httpd, -f, /etc/b.conf]
    document_root: /srv/www
    files:
      /etc/b.conf: conf/b.conf
      /etc/a.conf: {text: "line\n"}
)",
                            {{"conf/b.conf", "B"}});
  const auto& server = lab.servers.at("s");
  CHECK(server.run == std::vector<std::string>{"httpd", "-f", "/etc/b.conf"});
  CHECK(server.documentRoot == "/srv/www");
  REQUIRE(server.files.size() == 2);
  CHECK(server.files.at(0) == std::pair<std::string, std::string>("/etc/a.conf", "line\n"));
  CHECK(server.files.at(1) == std::pair<std::string, std::string>("/etc/b.conf", "B"));
}

TEST_CASE("checks name nodes, addresses and EIPs, which become addresses") {
  const auto lab = loadGood(kNet + R"(servers: {s: {title: 云服务器, vxnet: n, http: {}}}
eips: {e: {title: 演示公网IP, region: r, address: 139.198.18.135, bandwidth: 1.5mbit}}
checks:
  - ping: {from: 云服务器, to: 演示公网IP, expect: unreachable, within: 2s}
  - {title: out, ping: {from: v, to: internet}}
  - ping: {from: internet, to: 10.0.1.2}
  - http: {from: internet, url: "http://139.198.18.135:8080/x?y", expect: {status: 404}}
)");
  CHECK(lab.eips.at("e").line.rate == 1'500'000);
  const auto& first = std::get<lab::PingCheck>(lab.checks.at(0).what);
  CHECK(first.from.node == "s");
  CHECK(first.to.address->toString() == "139.198.18.135");
  CHECK_FALSE(first.reachable);
  CHECK(first.within == 2s);
  CHECK(lab.checks.at(1).title == "out");
  CHECK(std::get<lab::PingCheck>(lab.checks.at(1).what).to.node == "internet");
  CHECK(std::get<lab::PingCheck>(lab.checks.at(2).what).from.node == "internet");
  CHECK(std::get<lab::HttpCheck>(lab.checks.at(3).what).status == 404);
}

TEST_CASE("VPCs may overlap as long as nothing links them") {
  loadGood(R"(lab: x
regions: {r: {}}
vpcs: {v: {region: r, cidr: 10.0.0.0/16}, w: {region: r, cidr: 10.0.0.0/16}}
vxnets: {n: {vpc: v, cidr: 10.0.1.0/24}, m: {vpc: w, cidr: 10.0.1.0/24}}
border_routers:
  b: {region: r, domains: {one: {vxnets: [n]}, two: {vxnets: [m]}}}
)");
}
