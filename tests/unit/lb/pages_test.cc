#include <doctest/doctest.h>

#include "unit/lb/worker_process.h"

using namespace vpclab;
using namespace vpclab::test;

TEST_CASE("a page server answers what HTTP asks of it, and keeps an access log") {
  Lab lab;
  const auto& site = lab.sites[0].address;
  const std::string close = "Host: a\r\nConnection: close\r\n\r\n";
  CHECK(raw(site, "GET /index.html?x HTTP/1.1\r\n" + close) ==
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\ns1\n");
  CHECK(raw(site, "HEAD / HTTP/1.1\r\n" + close).substr(0, 15) == "HTTP/1.1 200 OK");
  CHECK(raw(site, "HEAD / HTTP/1.1\r\n" + close).find("\r\n\r\n") ==
        raw(site, "HEAD / HTTP/1.1\r\n" + close).size() - 4);
  CHECK(raw(site, "GET /other HTTP/1.1\r\n" + close).substr(0, 12) == "HTTP/1.1 404");
  const auto refused = raw(site, "POST / HTTP/1.1\r\nContent-Length: 3\r\n" + close + "abc");
  CHECK(refused.substr(0, 12) == "HTTP/1.1 405");
  CHECK(refused.find("Allow: GET, HEAD\r\n") != std::string::npos);
  CHECK(raw(site, "GET / HTTP/1.1\r\n\r\n").substr(0, 12) == "HTTP/1.1 400");
  CHECK(getMany(site, 300).size() == 600);
  (void)raw(site, "GET / HTTP/1.1\r\nX-Request-Id: id-7\r\nUser-Agent: u\xff\r\nX-Forwarded-For: 1.2.3.4\r\n" + close);

  const auto status = lab.pages.status()["sites"][0];
  CHECK(status["node"] == "s1");
  CHECK(status["log"].size() == 256);
  const auto last = status["log"].back();
  CHECK(last["seq"] == status["requests"]);
  CHECK(last["requestId"] == "id-7");
  CHECK(last["forwardedFor"] == "1.2.3.4");
  CHECK(last["status"] == 200);
  CHECK(last["bytes"] == 3);
  CHECK(last["method"] == "GET");
}

TEST_CASE("of the logs of all pages only what is asked for is told, and never more than a keeper takes") {
  Lab lab;
  const std::string close = "Host: a\r\nConnection: close\r\n\r\n";
  for (const std::string id : {"check-1", "check-2", "checker"}) {
    (void)raw(lab.sites[1].address, "GET / HTTP/1.1\r\nX-Request-Id: " + id + "\r\n" + close);
  }
  const auto asked = lab.pages.call(R"({"op":"status","requestIds":"check-"})");
  REQUIRE(asked["ok"] == true);
  std::size_t found = 0;
  for (const auto& site : asked["status"]["sites"]) {
    found += site["log"].size();
  }
  CHECK(found == 2);
  CHECK(lab.pages.call(R"({"op":"status","requestIds":7})")["ok"] == false);

  // A check may ask 1,000 times, and others ask meanwhile.
  std::string thousand;
  for (int i = 0; i < 1000; ++i) {
    thousand += "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: many-" + std::to_string(i) + "\r\n\r\n" +
                "GET / HTTP/1.1\r\nHost: a\r\n" + (i == 999 ? "Connection: close\r\n" : "") + "\r\n";
  }
  (void)raw(lab.sites[1].address, thousand);
  found = 0;
  const auto many = lab.pages.call(R"({"op":"status","requestIds":"many-"})");
  for (const auto& site : many["status"]["sites"]) {
    found += site["log"].size();
  }
  CHECK(found == 1000);

  // Each byte that is no UTF-8 becomes three on the way.
  state::PageServer strangers;
  std::vector<Listening> sites;
  std::vector<int> sockets;
  std::string requests;
  const std::string strange(250, '\xff');
  for (int i = 0; i < 256; ++i) {
    requests += "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: " + strange + "\r\nX-Request-Id: " + strange +
                "\r\nX-Forwarded-For: " + strange + "\r\n" + (i == 255 ? "Connection: close\r\n" : "") + "\r\n";
  }
  for (int i = 0; i < 16; ++i) {
    sites.emplace_back("127.0.20." + std::to_string(111 + i));
    sockets.push_back(sites.back().fd.get());
    strangers.sites.push_back({"n" + std::to_string(i), sites.back().address, "text/html", "x"});
  }
  Worker pages;
  REQUIRE(pages.configure({"", "pages", strangers}, sockets)["ok"] == true);
  for (const auto& site : sites) {
    (void)raw(site.address, requests);
  }
  const auto all = pages.call(R"({"op":"status"})");
  CHECK(all["ok"] == false);
  CHECK(all["error"].get<std::string>().find("larger than") != std::string::npos);
  CHECK(pages.call(R"({"op":"status","requestIds":"check-"})")["ok"] == true);
}
