#include "worker/control.h"

#include <nlohmann/json.hpp>

#include "state/process_json.h"
#include "worker/status_json.h"

namespace vpclab::worker {

namespace {

using base::ErrorKind;
using base::fail;
using Json = nlohmann::json;

// The keeper sends and takes whole frames; meanwhile no request is served.
constexpr base::Milliseconds kFrameTimeout{10'000};

std::string dump(const Json& json) {
  // Texts of clients need not be UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string failure(const std::string& text) {
  return dump({{"ok", false}, {"error", text}});
}

}  // namespace

Control::Control(int fd, lb::EventLoop& loop, lb::LogSink& log, base::UniqueFd routeSocket)
    : fd_(fd), loop_(loop), log_(log), routeSocket_(std::move(routeSocket)) {}

void Control::end(int status) {
  ended_ = true;
  exitStatus_ = status;
}

void Control::onEvents(std::uint32_t /*events*/) {
  if (ended_) {
    return;
  }
  auto frame = base::receiveFrame(fd_, base::kMaxFrameBytes, base::kMaxFrameFds, base::Deadline::after(kFrameTimeout));
  if (!frame) {
    if (frame.error().kind() != ErrorKind::kNotFound) {
      log_.line("control: " + frame.error().message());
    }
    end(frame.error().kind() == ErrorKind::kNotFound ? 0 : 1);
    return;
  }
  std::string reply = answer(*frame);
  if (reply.size() > base::kMaxAnswerBytes) {
    reply = failure("the answer would be larger than " + std::to_string(base::kMaxAnswerBytes) + " bytes");
  }
  if (auto sent = base::sendFrame(fd_, reply, {}, base::Deadline::after(kFrameTimeout)); !sent) {
    log_.line("control: " + sent.error().message());
    end(1);
  }
}

std::string Control::answer(base::Frame& frame) {
  const Json message = Json::parse(frame.body, nullptr, false);
  const auto op = message.is_object() ? message.find("op") : message.end();
  if (!message.is_object() || op == message.end() || !op->is_string()) {
    return failure("a message has to be a JSON object with the member op");
  }
  const auto ids = message.find("requestIds");
  if (*op == "status" && (message.size() == 1 || (message.size() == 2 && ids != message.end() && ids->is_string()))) {
    if (balancer_) {
      return dump({{"ok", true}, {"status", statusToJson(balancer_->status())}});
    }
    const auto prefix =
        ids == message.end() ? std::nullopt : std::optional<std::string_view>(ids->get_ref<const std::string&>());
    return pages_ ? dump({{"ok", true}, {"status", statusToJson(*pages_, prefix)}}) : failure("not configured yet");
  }
  if (*op == "configure" && message.size() == 2 && message.contains("process")) {
    if (auto done = configure(message["process"], std::move(frame.fds)); !done) {
      return failure(done.error().message());
    }
    return dump({{"ok", true}});
  }
  if (*op == "drain" && message.size() == 1) {
    if (auto done = drain(); !done) {
      return failure(done.error().message());
    }
    return dump({{"ok", true}});
  }
  return failure("unknown message " + dump(*op) + ", or unknown members in it");
}

base::Result<> Control::configure(const Json& json, std::vector<base::UniqueFd> sockets) {
  if (draining_) {
    return fail(ErrorKind::kInvalid, "configure: another worker has taken this one's place");
  }
  auto process = state::processFromJson(json);
  if (!process) {
    return fail(std::move(process.error()));
  }
  if (const auto* config = std::get_if<state::LoadBalancer>(&process->spec); config != nullptr && !pages_) {
    if (!balancer_) {
      balancer_ = std::make_unique<lb::Balancer>(loop_, log_);
      if (auto done = balancer_->watchRoutes(std::move(routeSocket_)); !done) {
        balancer_.reset();
        return done;
      }
    }
    return balancer_->configure(*config, std::move(sockets));
  }
  if (const auto* config = std::get_if<state::PageServer>(&process->spec); config != nullptr && !balancer_) {
    if (!pages_) {
      pages_ = std::make_unique<PageServer>(loop_);
    }
    return pages_->configure(*config, std::move(sockets));
  }
  return fail(ErrorKind::kInvalid, "configure: a worker serves pages or balances, and stays what it is");
}

base::Result<> Control::drain() {
  if (balancer_) {
    balancer_->drain();
  } else if (pages_) {
    pages_->drain();
  } else {
    return fail(ErrorKind::kInvalid, "drain: not configured yet");
  }
  draining_ = true;
  return {};
}

std::size_t Control::open() const {
  return balancer_ ? balancer_->open() : pages_ ? pages_->open() : 0;
}

}  // namespace vpclab::worker
