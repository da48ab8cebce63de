#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vpclab::lb {

// What one line of the log says, in HAProxy's terms: its configuration manual, sections 8.2.2 to 8.5. Times are in
// milliseconds; -1: it did not come to that.
struct ExchangeLog {
  std::string_view client;
  std::uint16_t clientPort = 0;
  std::string_view start;  // when the first byte came, as LogClock writes it
  std::string_view frontend;
  std::string_view backend;
  std::string_view server;         // empty: <NOSRV>
  long requestTime = -1;           // TR: from the first byte to the end of the head
  long queueTime = -1;             // Tw
  long connectTime = -1;           // Tc
  long responseTime = -1;          // Tr: until the head of the answer
  long totalTime = -1;             // Ta
  int status = -1;                 // -1: none was sent
  std::uint64_t bytes = 0;         // to the client
  std::string_view ending = "--";  // who ended it and when; section 8.5
  char requestCookie = '-';
  char responseCookie = '-';
  std::size_t processConnections = 0;
  std::size_t frontendConnections = 0;
  std::size_t backendConnections = 0;
  std::size_t serverConnections = 0;
  unsigned retries = 0;
  bool redispatched = false;
  std::size_t serverQueue = 0;
  std::size_t backendQueue = 0;
  std::string_view method;  // empty: <BADREQ>
  std::string_view target;
  int minorVersion = 1;
};

// How long its line may become, in bytes.
std::size_t mostBytes(const ExchangeLog& log);
// Write its line, printable ASCII without an end of line, into as much room, and return its end.
char* writeHttpLine(const ExchangeLog& log, char* at);
char* writeTcpLine(const ExchangeLog& log, char* at);

}  // namespace vpclab::lb
