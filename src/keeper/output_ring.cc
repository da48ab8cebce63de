#include "keeper/output_ring.h"

#include <algorithm>

#include "base/text.h"

namespace vpclab::keeper {

void OutputRing::append(std::string_view bytes) {
  end_ += bytes.size();
  if (bytes.size() >= maxBytes_) {
    text_.clear();
    bytes.remove_prefix(bytes.size() - maxBytes_);
  }
  if (text_.size() + bytes.size() > maxBytes_) {
    // A little more than needed goes at once, so that a chatty process does not cost a move of it all per write.
    const std::size_t over = text_.size() + bytes.size() - maxBytes_;
    const std::size_t cut = std::min(text_.size(), std::max(over, maxBytes_ / 8));
    const std::size_t lineEnd = text_.find('\n', cut - 1);
    text_.erase(0, lineEnd == std::string::npos ? cut : lineEnd + 1);
  }
  text_ += bytes;
}

std::string OutputRing::lastLine() const {
  constexpr std::size_t kMaxLine = 512;
  std::size_t end = text_.size();
  while (end > 0 && text_[end - 1] == '\n') {
    --end;
  }
  const std::size_t before = end == 0 ? std::string::npos : text_.rfind('\n', end - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return base::printable(text_.substr(begin, std::min(end - begin, kMaxLine)));
}

}  // namespace vpclab::keeper
