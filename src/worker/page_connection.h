#pragma once

#include <memory>
#include <string>

#include "http/head.h"
#include "lb/buffer.h"
#include "lb/event_loop.h"
#include "lb/socket.h"
#include "worker/page_site.h"

namespace vpclab::worker {

// One client of a page: GET and HEAD of / and /index.html, keep-alive, pipelining.
class PageConnection : public lb::SocketOwner, public std::enable_shared_from_this<PageConnection> {
 public:
  PageConnection(lb::EventLoop& loop, std::shared_ptr<PageSiteRuntime> site);
  void start(base::UniqueFd client, const lb::Endpoint& peer);
  void closeIfIdle();
  // The process goes away: a client that has been told to expect more answers gets one, or a moment.
  void drain();
  void onSocket(lb::Socket& socket) override;

 private:
  void pump();
  void pumpSoon();
  bool read();
  bool takeRequest();
  bool write();
  void answer(int status, const std::string& text, bool headOnly);
  void record(int status, std::uint64_t bytes);
  void finish();
  void close();

  lb::EventLoop& loop_;
  std::shared_ptr<PageSiteRuntime> site_;
  lb::Socket socket_;
  std::string client_;
  lb::Buffer in_;
  http::HeadParser parser_;
  http::RequestHead request_;
  lb::Timer timer_;
  std::string head_;  // of the response on its way
  std::size_t headSent_ = 0;
  std::shared_ptr<const state::PageSite> page_;  // whose body follows; null: none does
  std::size_t bodySent_ = 0;
  bool answering_ = false;
  bool keepAlive_ = true;
  bool lingering_ = false;
  bool closed_ = false;
  bool pumpsSoon_ = false;
};

}  // namespace vpclab::worker
