// The timed loop, and what is kept of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

class Sample {
 public:
  using Clock = std::chrono::steady_clock;

  /** Calls `call` again and again for `time`, at least once. Each call handles `entries_per_call` entries. */
  template <typename Call>
  static Sample measure(std::chrono::milliseconds time, uint64_t entries_per_call, const Call& call) {
    Sample sample(entries_per_call);
    const Clock::time_point start = Clock::now();
    Clock::time_point before = start;
    do {
      call();
      const Clock::time_point after = Clock::now();
      sample.latencies_.push_back(after - before);
      before = after;
    } while (before - start < time);
    sample.duration_ = before - start;
    return sample;
  }

  uint64_t calls() const { return latencies_.size(); }

  /** A `Sample` of bench/shared/protocol.ts. */
  std::string to_json(uint64_t fsyncs) const;

 private:
  explicit Sample(uint64_t entries_per_call) : entries_per_call_(entries_per_call) {}

  uint64_t entries_per_call_;
  Clock::duration duration_{};
  std::vector<Clock::duration> latencies_;
};

}  // namespace bench
