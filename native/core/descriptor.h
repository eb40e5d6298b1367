// A file descriptor that is closed with its owner.
#pragma once

#include <unistd.h>
#include <utility>

namespace core {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  /** False where the call that was to open it has failed. */
  explicit operator bool() const { return number_ >= 0; }
  int get() const { return number_; }

  void close() {
    if (number_ >= 0) (void)::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

}  // namespace core
