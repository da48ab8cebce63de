#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "base/clock.h"
#include "check/matrix.h"
#include "check/pace.h"
#include "check/patience.h"

namespace vpclab::check {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kSourcesAtOnce = 16;  // of one request to the worker
constexpr std::size_t kWitnesses = 2;       // before the pairs of each sweep: the node's own address, its gateway
constexpr milliseconds kSweepTime{300'000};
constexpr milliseconds kStopPoll{50};
constexpr milliseconds kSendTime{10'000};
constexpr milliseconds kWorkerGrace{20'000};
constexpr std::size_t kListedOfGroups = 20;  // mismatches of one pair of vxnets
constexpr std::size_t kListed = 2000;

char charOf(Cell cell) {
  return static_cast<char>(cell);
}

Pace paceOf(const MatrixSpec& spec) {
  std::uint64_t lowest = 0;
  for (const MatrixNode& node : spec.nodes) {
    if (node.rate != 0 && (lowest == 0 || node.rate < lowest)) {
      lowest = node.rate;
    }
  }
  return paceFor(lowest, spec.sharedRate);
}

// A part of a row that one job asks for.
struct Piece {
  struct Column {
    std::size_t place = 0;
    bool reachable = true;  // as expected
  };
  std::size_t row = 0;
  std::vector<Column> columns;
};

class MatrixRun {
 public:
  MatrixRun(const MatrixSpec& spec, LabPort& lab, ProbePort& probes, const MatrixOptions& options)
      : spec_(spec),
        lab_(lab),
        probes_(probes),
        options_(options),
        asked_(spec.nodes.size(), false),
        alive_(spec.nodes.size(), false) {
    const std::size_t size = spec.nodes.size();
    report_.rows.assign(size, std::string(size, charOf(Cell::kNotRun)));
    for (std::size_t row = 0; row < size; ++row) {
      report_.rows[row][row] = charOf(Cell::kSelf);
    }
    total_ = size * (size - std::min<std::size_t>(size, 1));
  }

  MatrixReport run() {
    while (nextRow_ < spec_.nodes.size() || !pieces_.empty() || !waiting_.empty()) {
      if (options_.stop.stop_requested() || !broken_.empty()) {
        break;
      }
      submit();
      receive();
    }
    if (!broken_.empty()) {
      report_.dead.push_back(broken_);
    }
    judgeBlocked();
    std::sort(report_.mismatches.begin(), report_.mismatches.end(),
              [](const Mismatch& x, const Mismatch& y) { return std::tie(x.from, x.to) < std::tie(y.from, y.to); });
    report_.elapsedMs = std::chrono::duration<double, std::milli>(base::Clock::now() - start_).count();
    return std::move(report_);
  }

 private:
  // Beginning behind the diagonal, so that those who ask at the same time ask for the same few: what routers have to
  // find out of them is found out once.
  void addPieces(std::size_t row) {
    const std::size_t size = spec_.nodes.size();
    std::string& cells = report_.rows[row];
    std::vector<Piece::Column> columns;
    for (std::size_t i = 1; i < size; ++i) {
      const std::size_t column = (row + i) % size;
      const PairExpectation expected = spec_.expected(row, column);
      if (expected == PairExpectation::kElsewhere) {
        cells[column] = charOf(Cell::kElsewhere);
        ++done_;
        continue;
      }
      columns.push_back({column, expected == PairExpectation::kReachable});
    }
    const std::size_t most = mostTargets(row);
    for (std::size_t first = 0; first == 0 || first < columns.size(); first += most) {
      const auto begin = columns.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = columns.begin() + static_cast<std::ptrdiff_t>(std::min(columns.size(), first + most));
      waiting_.push_back({row, {begin, end}});
    }
  }

  // More where more is asked.
  milliseconds sweepTime() const { return std::min(kSweepTime * tries_ / SweepJob{}.tries, kMaxWait); }
  milliseconds roundTrip() const { return spec_.roundTrip + pace_.waiting; }

  // So many that there is time for all of them where none answers.
  std::size_t mostTargets(std::size_t row) const {
    const milliseconds each = (SweepJob{}.timeout + roundTrip()) * tries_;
    const std::size_t inTime = static_cast<std::size_t>(sweepTime() / each) * windowOf(pace_, spec_.nodes[row].rate);
    return std::clamp<std::size_t>(inTime, kWitnesses + 1, kMaxSweepTargets) - kWitnesses;
  }

  // The next part, not of a slow node that another one is in the worker's hands of; none: it has to end first.
  std::optional<Piece> takeWaiting() {
    const auto waits = [this](const Piece& piece) {
      return windowOf(pace_, spec_.nodes[piece.row].rate) < pace_.window &&
             std::any_of(pieces_.begin(), pieces_.end(),
                         [&piece](const auto& entry) { return entry.second.row == piece.row; });
    };
    const auto found = std::find_if_not(waiting_.begin(), waiting_.end(), waits);
    if (found == waiting_.end()) {
      return std::nullopt;
    }
    Piece out = std::move(*found);
    waiting_.erase(found);
    return out;
  }

  void submit() {
    while (waiting_.size() < kSourcesAtOnce && nextRow_ < spec_.nodes.size()) {
      addPieces(nextRow_++);
    }
    const std::size_t most = std::min(kSourcesAtOnce, pace_.sweeps);
    if (waiting_.empty() || pieces_.size() + std::min(waiting_.size(), most) > pace_.sweeps) {
      return;
    }
    std::vector<NumberedJob> jobs;
    std::vector<base::UniqueFd> sockets;
    for (std::size_t i = 0; i < most; ++i) {
      auto next = takeWaiting();
      if (!next) {
        break;
      }
      Piece piece = std::move(*next);
      const MatrixNode& node = spec_.nodes[piece.row];
      auto socket = lab_.openSocket(node.id, SocketKind::kIcmp);
      if (!socket) {
        failRow(piece, "cannot tell: " + socket.error().message());
        continue;
      }
      SweepJob job;
      job.socket = sockets.size();
      job.window = windowOf(pace_, node.rate);
      job.tries = tries_;
      job.deadline = sweepTime();
      job.targets = {node.address, node.gateway};
      for (const auto& column : piece.columns) {
        job.targets.push_back(spec_.nodes[column.place].address);
      }
      sockets.push_back(std::move(*socket));
      jobs.push_back({number_, withPatience(std::move(job), roundTrip())});
      pieces_.emplace(number_++, std::move(piece));
    }
    if (jobs.empty()) {
      return;
    }
    giveUp_ = base::Clock::now() + sweepTime() + longestPatience(roundTrip()) + kWorkerGrace;
    if (auto sent = probes_.submit(jobs, std::move(sockets), base::Deadline::after(kSendTime)); !sent) {
      broken_ = "cannot tell: " + sent.error().message();
    }
  }

  void receive() {
    if (pieces_.empty() || !broken_.empty()) {
      return;
    }
    auto reply = probes_.wait(base::Deadline::after(kStopPoll));
    if (!reply) {
      broken_ = "cannot tell: " + reply.error().message();
    } else if (*reply) {
      deliver(**reply);
    } else if (base::Clock::now() > giveUp_) {
      broken_ = "cannot tell: the probe worker does not answer";
    }
  }

  void deliver(const NumberedReply& numbered) {
    const auto found = pieces_.find(numbered.number);
    if (found == pieces_.end()) {
      return;
    }
    const Piece piece = std::move(found->second);
    pieces_.erase(found);
    const auto* sweep = std::get_if<SweepReply>(&numbered.reply);
    if (sweep == nullptr || sweep->results.size() != piece.columns.size() + kWitnesses) {
      const auto* failure = std::get_if<JobFailure>(&numbered.reply);
      failRow(piece,
              "cannot tell: " + (failure == nullptr ? "the probe worker's answer is of another job" : failure->why));
      return;
    }
    std::size_t text = 0;
    const auto seen = [&](std::size_t place) -> const std::string* {
      return sweep->results[place] == PingResult::kAnswered ? nullptr : &sweep->details[sweep->texts[text++]];
    };
    const MatrixNode& node = spec_.nodes[piece.row];
    const std::string* own = seen(0);
    const std::string* gateway = seen(1);
    asked_[piece.row] = true;
    alive_[piece.row] = own == nullptr && gateway == nullptr;
    if (own != nullptr) {
      report_.dead.push_back(node.title + " is not alive: its own address " + node.address.toString() + ": " + *own);
    } else if (gateway != nullptr) {
      report_.dead.push_back(node.title + " is not alive: its gateway " + node.gateway.toString() + ": " + *gateway);
    }
    for (std::size_t i = 0; i < piece.columns.size(); ++i) {
      judge(piece.row, piece.columns[i], seen(i + kWitnesses));
    }
    advance(piece.columns.size());
  }

  // `seen`: in place of an answer; null: it was answered.
  void judge(std::size_t row, const Piece::Column& column, const std::string* seen) {
    const bool reachable = column.reachable;
    char& cell = report_.rows[row][column.place];
    if (seen == nullptr) {
      cell = charOf(reachable ? Cell::kReached : Cell::kLeak);
    } else {
      cell = charOf(reachable ? Cell::kMissing : Cell::kBlocked);  // judgeBlocked() has the last word
    }
    if (reachable != (seen == nullptr)) {
      list(row, column.place, reachable, seen == nullptr ? "an answer" : *seen);
    }
  }

  void list(std::size_t row, std::size_t column, bool reachable, const std::string& seen) {
    auto& listed = listed_[{spec_.nodes[row].groups[0], spec_.nodes[column].groups[0]}];
    if (listed < kListedOfGroups && report_.mismatches.size() < kListed) {
      ++listed;
      report_.mismatches.push_back({row, column, reachable, spec_.why(row, column), seen});
    }
  }

  void failRow(const Piece& piece, const std::string& why) {
    asked_[piece.row] = true;
    report_.dead.push_back(spec_.nodes[piece.row].title + ": " + why);
    for (const auto& column : piece.columns) {
      judge(piece.row, column, &why);
    }
    advance(piece.columns.size());
  }

  void advance(std::size_t pairs) {
    done_ += pairs;
    if (options_.progress) {
      options_.progress(done_, total_);
    }
  }

  // Blocked is not broken.
  void judgeBlocked() {
    for (std::size_t row = 0; row < report_.rows.size(); ++row) {
      for (std::size_t column = 0; column < report_.rows.size(); ++column) {
        char& cell = report_.rows[row][column];
        if (cell == charOf(Cell::kBlocked) && !(alive_[row] && alive_[column])) {
          cell = charOf(asked_[row] && asked_[column] ? Cell::kUntold : Cell::kNotRun);
        }
      }
    }
  }

  const MatrixSpec& spec_;
  LabPort& lab_;
  ProbePort& probes_;
  const MatrixOptions& options_;
  const std::uint32_t tries_ = triesFor(spec_.loss);
  const Pace pace_ = paceOf(spec_);
  MatrixReport report_;
  base::Clock::time_point start_ = base::Clock::now();
  base::Clock::time_point giveUp_;
  std::vector<bool> asked_;
  std::vector<bool> alive_;
  std::size_t nextRow_ = 0;
  std::vector<Piece> waiting_;             // a few
  std::map<std::uint64_t, Piece> pieces_;  // in the worker's hands, by number
  std::uint64_t number_ = 0;
  std::string broken_;  // why nothing more can be asked
  std::map<std::pair<std::string, std::string>, std::size_t> listed_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
};

}  // namespace

std::size_t MatrixReport::count(Cell cell) const {
  std::size_t out = 0;
  for (const std::string& row : rows) {
    out += static_cast<std::size_t>(std::count(row.begin(), row.end(), charOf(cell)));
  }
  return out;
}

MatrixReport runMatrix(const MatrixSpec& spec, LabPort& lab, ProbePort& probes, const MatrixOptions& options) {
  return MatrixRun(spec, lab, probes, options).run();
}

}  // namespace vpclab::check
