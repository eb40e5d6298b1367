#include "sample.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace bench {

std::string Sample::to_json(uint64_t fsyncs) const {
  std::vector<Clock::duration> sorted = latencies_;
  std::ranges::sort(sorted);
  const auto microseconds_at = [&](double percentile) {
    // The nearest rank, as in the histogram that the Node contestants use.
    const double rank = std::ceil(static_cast<double>(sorted.size()) * percentile / 100);
    const size_t index = std::max<size_t>(1, static_cast<size_t>(rank)) - 1;
    return std::chrono::duration<double, std::micro>(sorted[index]).count();
  };
  std::ostringstream json;
  json << R"({"entries":)" << latencies_.size() * entries_per_call_ << R"(,"seconds":)"
       << std::chrono::duration<double>(duration_).count() << R"(,"fsyncs":)" << fsyncs << R"(,"latencyUs":{"p10":)"
       << microseconds_at(10) << R"(,"p25":)" << microseconds_at(25) << R"(,"p50":)" << microseconds_at(50)
       << R"(,"p75":)" << microseconds_at(75) << R"(,"p90":)" << microseconds_at(90) << R"(,"p99":)"
       << microseconds_at(99) << R"(,"p99.9":)" << microseconds_at(99.9) << R"(,"max":)" << microseconds_at(100)
       << "}}";
  return json.str();
}

}  // namespace bench
