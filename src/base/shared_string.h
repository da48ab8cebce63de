#pragma once

#include <atomic>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace vpclab::base {

// A text that never changes and that its copies own together: one word each, and none but that word where it is empty.
// For what a large lab says over and over: names of nodes and links, paths of files and parameters. Copies may be used
// by different threads.
class SharedString {
 public:
  SharedString() = default;
  // NOLINTBEGIN(google-explicit-constructor): it stands wherever a std::string does
  SharedString(std::string text) : shared_(text.empty() ? nullptr : new Shared(std::move(text))) {}
  SharedString(std::string_view text) : SharedString(std::string(text)) {}
  SharedString(const char* text) : SharedString(std::string(text)) {}
  // NOLINTEND(google-explicit-constructor)
  SharedString(const SharedString& other) noexcept : shared_(other.shared_) {
    if (shared_ != nullptr) {
      shared_->owners.fetch_add(1, std::memory_order_relaxed);
    }
  }
  SharedString(SharedString&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  SharedString& operator=(SharedString other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~SharedString() {
    if (shared_ != nullptr && shared_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete shared_;
    }
  }

  const std::string& str() const { return shared_ == nullptr ? nothing() : shared_->text; }
  operator const std::string&() const { return str(); }  // NOLINT(google-explicit-constructor): as above
  bool empty() const { return shared_ == nullptr; }
  std::size_t size() const { return str().size(); }

  friend bool operator==(const SharedString& x, const SharedString& y) {
    return x.shared_ == y.shared_ || x.str() == y.str();
  }
  friend bool operator==(const SharedString& x, const std::string& y) { return x.str() == y; }
  friend bool operator==(const SharedString& x, std::string_view y) { return x.str() == y; }
  friend bool operator==(const SharedString& x, const char* y) { return x.str() == y; }
  friend std::strong_ordering operator<=>(const SharedString& x, const SharedString& y) {
    return x.shared_ == y.shared_ ? std::strong_ordering::equal : x.str() <=> y.str();
  }
  template <std::convertible_to<std::string_view> Text>
  friend std::string operator+(Text&& x, const SharedString& y) {
    return std::string(std::forward<Text>(x)) + y.str();
  }
  template <std::convertible_to<std::string_view> Text>
  friend std::string operator+(const SharedString& x, const Text& y) {
    return std::string(x.str()).append(std::string_view(y));
  }
  friend std::string operator+(const SharedString& x, const SharedString& y) { return x.str() + y.str(); }

 private:
  struct Shared {
    explicit Shared(std::string what) : text(std::move(what)) {}
    mutable std::atomic<std::uint32_t> owners{1};
    const std::string text;
  };
  static const std::string& nothing() {
    static const std::string kNothing;
    return kNothing;
  }

  const Shared* shared_ = nullptr;
};

// Makes equal texts one. Keeps each that it was ever given.
class SharedStrings {
 public:
  void unite(SharedString& text) {
    if (!text.empty()) {
      text = *known_.insert(text).first;
    }
  }

 private:
  struct Hash {
    std::size_t operator()(const SharedString& text) const { return std::hash<std::string>()(text); }
  };
  std::unordered_set<SharedString, Hash> known_;
};

}  // namespace vpclab::base
