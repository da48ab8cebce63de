#include "api/client.h"

#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/json_reader.h"
#include "http/blocking.h"

namespace vpclab::api {

using base::ErrorKind;

namespace {

constexpr std::chrono::seconds kSendTime{30};
// Longer than the daemon's own deadline for any one step of its work; between steps it reports progress.
constexpr std::chrono::minutes kSilence{15};
constexpr std::size_t kMaxEventBytes = 64U << 20U;
constexpr std::size_t kMaxRefusalBytes = 64U << 10U;

// The lists of a Final's data that came ahead of it.
class Lists {
 public:
  base::Result<> add(const Items& event) {
    auto items = parseJson(event.items, "event");
    if (!items) {
      return base::fail(std::move(items.error()));
    }
    auto& list = lists_[event.list];
    list.insert(list.end(), std::make_move_iterator(items->begin()), std::make_move_iterator(items->end()));
    return {};
  }
  base::Result<> putInto(Final& final) {
    if (lists_.empty()) {
      return {};
    }
    auto data = parseJson(final.data, "event");
    if (!data) {
      return base::fail(std::move(data.error()));
    }
    for (auto& [where, items] : lists_) {
      try {
        data->at(nlohmann::json::json_pointer(where)) = std::move(items);
      } catch (const nlohmann::json::exception&) {
        if (final.exit != Exit::kOk) {
          continue;  // what went wrong is worth more than what it was to be
        }
        return base::fail(ErrorKind::kProtocol, "items of a list that it does not have");
      }
    }
    final.data = dumpJson(*data);
    return {};
  }

 private:
  std::map<std::string, nlohmann::json::array_t> lists_;
};

base::Error refusal(int status, const std::string& body) {
  std::string text = "the daemon refused the request with status " + std::to_string(status);
  if (auto value = parseJson(body, "response")) {
    JsonReader reader(*value, "response");
    std::string error;
    reader.take("error", error);
    if (reader.finish()) {
      text = error;
    }
  }
  return {status == 403                    ? ErrorKind::kPermission
          : status == 503 || status == 429 ? ErrorKind::kBusy
                                           : ErrorKind::kInvalid,
          text};
}

}  // namespace

std::string socketPath(const std::string& runDir) {
  return runDir + "/vpclabd.sock";
}

base::Result<Client> Client::connect(const std::string& runDir, base::Deadline deadline) {
  const std::string path = socketPath(runDir);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return base::fail(ErrorKind::kInvalid, "run directory " + runDir + ": its name is too long for a socket");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) {
    return base::failErrno("socket");
  }
  // A Unix socket's connect() waits only while the listener's queue is full.
  const auto left = deadline.left();
  timeval limit{};
  limit.tv_sec = left.count() / 1000;
  limit.tv_usec = left.count() % 1000 * 1000 + 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT) {
      return base::fail(ErrorKind::kNotFound, "no daemon answers at " + path);
    }
    if (errno == EACCES) {
      return base::fail(ErrorKind::kPermission, "connect to " + path +
                                                    ": permission denied; root may, and members of the group vpclab "
                                                    "where there is one: use sudo");
    }
    return base::failErrno("connect to " + path);
  }
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return base::failErrno("ask who listens at " + path);
  }
  // In a directory that others may write to anybody can listen, and would be given pages and private files.
  if (peer.uid != 0 && peer.uid != ::geteuid()) {
    return base::fail(ErrorKind::kForeign, path + " is served by user " + std::to_string(peer.uid));
  }
  return Client(std::move(socket), peer.pid);
}

void Client::stop() const {
  // Half a close says "stop", and leaves the way back open for the Final.
  (void)::shutdown(socket_.get(), SHUT_WR);
}

base::Result<Final> Client::call(const Request& request, const std::function<void(const Event&)>& onEvent,
                                 const std::function<void(int socket)>& begun) {
  http::Connection connection(socket_.get());
  http::Request message;
  message.method = "POST";
  message.target = targetOf(request);
  message.headers = {{"Host", "vpclabd"}, {"Content-Type", "application/json"}};
  message.body = encodeRequest(request);
  // A daemon that refuses early does not read the body: its answer is worth more than the failed send.
  const auto sent = connection.writeRequest(message, base::Deadline::after(kSendTime));
  const auto head = connection.readResponseHead("POST", base::Deadline::after(kSilence));
  if (!head) {
    return base::fail(sent ? head.error() : sent.error());
  }
  if (head->status != 200) {
    auto line = connection.readLine(kMaxRefusalBytes, base::Deadline::after(kSendTime));
    return base::fail(refusal(head->status, line && *line ? **line : std::string()));
  }
  if (begun) {
    begun(socket_.get());
  }
  Lists lists;
  for (;;) {
    auto line = connection.readLine(kMaxEventBytes, base::Deadline::after(kSilence));
    if (!line || !*line) {
      return base::fail(line ? base::Error(ErrorKind::kProtocol, "it ended without a result")
                             : std::move(line.error()));
    }
    auto event = decodeEvent(**line);
    if (!event) {
      return base::fail(std::move(event.error()));
    }
    if (auto* final = std::get_if<Final>(&*event)) {
      if (auto whole = lists.putInto(*final); !whole) {
        return base::fail(std::move(whole.error()));
      }
      return std::move(*final);
    }
    if (const auto* items = std::get_if<Items>(&*event)) {
      if (auto added = lists.add(*items); !added) {
        return base::fail(std::move(added.error()));
      }
    } else if (onEvent) {
      onEvent(*event);
    }
  }
}

}  // namespace vpclab::api
