#pragma once

#include <memory>
#include <utility>

namespace vpclab::base {

// A value of its own that is kept elsewhere: one word wide, for what is large and few of many have. Copies are deep,
// and so are moves: what was moved from is whole.
template <class T>
class Boxed {
 public:
  Boxed() : value_(std::make_unique<T>()) {}
  // NOLINTNEXTLINE(google-explicit-constructor): it stands wherever a T does
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(const Boxed& other) : value_(std::make_unique<T>(*other.value_)) {}
  Boxed& operator=(const Boxed& other) {
    *value_ = *other.value_;
    return *this;
  }
  ~Boxed() = default;

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  operator const T&() const { return *value_; }  // NOLINT(google-explicit-constructor): as above

  friend bool operator==(const Boxed& x, const Boxed& y) { return *x == *y; }
  friend bool operator==(const Boxed& x, const T& y) { return *x == y; }

 private:
  std::unique_ptr<T> value_;  // never null
};

}  // namespace vpclab::base
