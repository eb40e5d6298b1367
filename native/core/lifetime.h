// The life of a database: new, open, closing. Each operation holds a lease; closing refuses new leases and waits, with
// no time-out, for those that are out.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace core {

class Lifetime {
 public:
  /** False where closing began before the opening was done. */
  bool begin() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kNew) return false;
    state_ = State::kOpen;
    return true;
  }

  /** False before `begin` and once closing has begun. Each true must be matched by one `release`. */
  bool acquire() {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return false;
    ++leases_;
    return true;
  }

  /** One more, for whoever holds one already. */
  void retain() {
    const std::lock_guard lock(mutex_);
    ++leases_;
  }

  void release() {
    const std::lock_guard lock(mutex_);
    if (--leases_ == 0) none_left_.notify_all();
  }

  void begin_closing() {
    const std::lock_guard lock(mutex_);
    state_ = State::kClosing;
  }

  void wait_for_leases() {
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [this] { return leases_ == 0; });
  }

 private:
  enum class State { kNew, kOpen, kClosing };

  std::mutex mutex_;
  std::condition_variable none_left_;
  size_t leases_ = 0;
  State state_ = State::kNew;
};

}  // namespace core
