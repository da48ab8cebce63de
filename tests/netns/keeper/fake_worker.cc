#include "netns/keeper/fake_worker.h"

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame_socket.h"

namespace vpclab::test {

namespace {

constexpr int kControl = 3;

void serve(int listener) {
  const base::UniqueFd client(::accept(listener, nullptr, nullptr));
  if (client.valid()) {
    const std::string text = std::to_string(::getpid()) + "\n";
    ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
  }
}

}  // namespace

int runFakeWorker() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::puts("worker: hello");
  std::vector<base::UniqueFd> listeners;
  for (;;) {
    std::vector<pollfd> entries{{kControl, POLLIN, 0}};
    for (const auto& listener : listeners) {
      entries.push_back({listener.get(), POLLIN, 0});
    }
    if (::poll(entries.data(), entries.size(), -1) < 0) {
      return 1;
    }
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (entries[i].revents != 0) {
        serve(entries[i].fd);
      }
    }
    if (entries[0].revents == 0) {
      continue;
    }
    auto frame = base::receiveFrame(kControl, 1 << 20, 1000, base::Deadline::after(base::Milliseconds(5000)));
    if (!frame) {
      return 0;
    }
    const auto message = nlohmann::json::parse(frame->body);
    nlohmann::json answer = {{"ok", true}};
    if (message["op"] == "configure") {
      if (frame->body.find("\"deaf\"") != std::string::npos) {
        std::signal(SIGTERM, SIG_IGN);
        std::puts("worker: not listening");
        continue;
      }
      if (frame->body.find("\"hang\"") != std::string::npos) {
        continue;
      }
      if (frame->body.find("\"crash\"") != std::string::npos) {
        std::puts("worker: cannot go on");
        return 3;
      }
      if (frame->body.find("\"refuse\"") != std::string::npos) {
        answer = {{"ok", false}, {"error", "not to my taste"}};
      } else {
        listeners = std::move(frame->fds);
      }
    } else if (message["op"] == "drain") {
      listeners.clear();
    } else if (message["op"] == "echo") {
      answer["echo"] = message["text"];
      answer["listeners"] = listeners.size();
    }
    if (!base::sendFrame(kControl, answer.dump(), {}, base::Deadline::after(base::Milliseconds(5000)))) {
      return 0;
    }
  }
}

}  // namespace vpclab::test
