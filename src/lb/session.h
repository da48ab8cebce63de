#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/framing.h"
#include "http/head.h"
#include "lb/backend.h"
#include "lb/buffer.h"
#include "lb/chunk_relay.h"
#include "lb/event_loop.h"
#include "lb/listener.h"
#include "lb/pool.h"
#include "lb/rewrite.h"
#include "lb/socket.h"
#include "lb/stickiness.h"

namespace vpclab::lb {

// One client connection, and the backend connection that serves its current request. Bytes flow
//   client → clientIn → (head rewritten, chunks rewritten: upOut) → backend
//   backend → upIn → (likewise: clientOut) → client
// where a body of known length goes out of the buffer it came into. Each buffer is one block, and nothing is read that
// has no room, so a slow side holds the fast one back.
//
// session.cc: life and deadlines. session_upstream.cc: the backend, its choice and its failures. session_request.cc and
// session_response.cc: one direction each. session_log.cc: what is counted and logged.
class Session : public SocketOwner, public std::enable_shared_from_this<Session>, private Waiter {
 public:
  Session(EventLoop& loop, std::shared_ptr<Listener> listener);

  void start(base::UniqueFd client, const Endpoint& peer);
  // The listener goes away: ends now if no request is in work.
  void closeIfIdle();
  // The process goes away: a client that has been told to expect more answers gets one, or a moment.
  void drain();
  // What is being connected may have lost its address or its way: it begins again, with the time that is left.
  void routesChanged();

  void onSocket(Socket& socket) override;

 private:
  enum class Phase : std::uint8_t {
    kHead,        // waiting for a request, or in the middle of its head
    kQueued,      // until a backend is below its maxConnections
    kConnecting,  // to a backend
    kExchange,    // request and response flow; or our own response does, with no backend
    kTunnel,      // bytes both ways, after 101 or for a TCP listener
    kLinger,      // all is said; reading what the client still sends, so that no RST overtakes our answer
    kClosed,
  };

  // --- life (session.cc)
  void pump();
  void pumpSoon();
  void renewConfig();
  void close();
  void abortBoth();
  void onTimer();
  void onTimeout();
  void setDeadline(base::Clock::time_point when);
  void extendDeadline();
  bool clientHoldsUp() const;
  bool lastAnswer() const { return listener_->retired() || listener_->draining(); }
  bool tunnels() const { return phase_ == Phase::kTunnel; }
  void respond(int status, std::string_view text, std::string_view location = {});
  void finishExchange();

  // --- the backend (session_upstream.cc)
  void dispatch();
  Pool::Choice nextBackend();
  std::shared_ptr<Backend> stickyBackend();
  void take(const Pool::Choice& choice);
  void joinQueue();
  void leaveQueue();
  bool offer() override;
  void connectTo(const std::shared_ptr<Backend>& backend, bool mayReuse);
  bool checkConnected();
  void connectRefused();
  void connectFailed(const std::string& how, bool ownFault);
  void countRetry(bool elsewhere);
  void upstreamFailed(const char* how);
  void badAnswer(const char* how);
  bool tryAgain(const std::shared_ptr<Backend>& failed, bool reused);
  void dropUpstream(bool reusable);

  // --- what has been (session_log.cc)
  void logExchange();
  void countExchange(base::Clock::time_point end);

  // --- client to backend (session_request.cc)
  bool readClient();
  bool takeRequest();
  bool choosePool();
  void answerInPlace();
  bool moveRequest();
  bool writeUpstream();
  std::string_view requestBodyInPlace() const;
  bool requestSent() const;
  bool bodyComplete() const;
  void clientLeft();

  // --- backend to client (session_response.cc)
  bool readUpstream();
  bool takeResponse();
  bool takeFinalHead();
  void bindClient(ResponseRewrite& how, std::string& cookie) const;
  void tellBinding(const ResponseRewrite& how, bool named);
  std::string newCookie() const;
  bool moveResponse();
  bool writeClient();
  std::string_view responseBodyInPlace() const;
  bool responseSent() const;
  bool keepsClient() const { return keepAlive_ && bodyComplete() && !listener_->retired(); }
  bool forwardTunnelEnds();

  EventLoop& loop_;
  std::shared_ptr<Listener> listener_;
  std::shared_ptr<const state::Listener> config_;  // as it was when the request came
  bool outgrown_ = false;                          // buffers and parsers are still of the one before
  Timer timer_;
  base::Clock::time_point deadline_;
  std::uint64_t movedAtDeadline_ = 0;  // clientBytesIn_ and bytesToClient_ when it was extended last
  Phase phase_ = Phase::kHead;
  bool pumping_ = false;
  bool pumpsSoon_ = false;

  Socket client_;
  Endpoint clientEnd_;
  std::string clientText_;
  bool clientEof_ = false;
  Buffer clientIn_;
  Buffer clientOut_;
  http::HeadParser requestParser_;
  http::RequestHead request_;
  std::string method_;
  std::string target_;  // for the log, cut
  int clientMinor_ = 1;
  bool begun_ = false;         // the first byte of a request is there
  bool keepAlive_ = true;      // the client's connection
  bool clientCloses_ = false;  // the client has said that this request is its last
  bool upgrade_ = false;       // the request asks for another protocol
  bool replayable_ = false;    // sending it twice does no harm
  http::Framing requestBody_;
  std::uint64_t requestLeft_ = 0;
  ChunkRelay requestChunks_;
  StickyRequest sticky_;

  std::shared_ptr<Pool> pool_;  // of the current request
  bool queued_ = false;
  Queue::Place place_;  // while it is queued
  std::unique_ptr<Upstream> upstream_;
  std::uint64_t upstreamBytes_ = 0;  // sent on it
  std::vector<std::shared_ptr<Backend>> tried_;
  bool upstreamEof_ = false;
  bool upstreamDeaf_ = false;   // it takes no more of the request; its response may still come
  bool upstreamKeeps_ = false;  // its connection can serve another request
  Buffer upIn_;
  Buffer upOut_;
  http::HeadParser responseParser_;
  http::ResponseHead response_;
  bool responseBegun_ = false;  // its head is on its way to the client
  int status_ = 0;
  int interim_ = 0;
  http::Framing responseBody_;
  http::BodyKind clientBody_ = http::BodyKind::kNone;  // how it goes to the client
  std::uint64_t responseLeft_ = 0;
  ChunkRelay responseChunks_;
  bool responseEnded_ = false;  // an until-close body has come to its end and is in clientOut_
  bool clientShut_ = false;     // tunnel: we told this side that the other has ended
  bool upstreamShut_ = false;

  // For the log and the counters.
  base::Clock::time_point firstByte_;
  base::Clock::time_point headDone_;
  base::Clock::time_point dispatchedAt_;  // a backend was chosen
  base::Clock::time_point connectingAt_;  // to the last one
  base::Clock::time_point connectedAt_;
  base::Clock::time_point answeredAt_;
  std::string server_;
  std::uint64_t clientBytesIn_ = 0;
  std::uint64_t bytesToClient_ = 0;
  unsigned retries_ = 0;
  bool redispatched_ = false;
  std::size_t serverQueue_ = 0;  // its place when it came, from 1
  std::size_t poolQueue_ = 0;
  char responseCookie_ = '-';
  const char* ending_ = "--";
};

}  // namespace vpclab::lb
