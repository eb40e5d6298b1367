#include "core/connected_replay.h"

#include <bit>
#include <cstring>

#include "rocksdb/write_batch.h"

namespace core {

namespace {

/** A batch begins with its first sequence number, eight bytes, little-endian. */
uint64_t sequence_of(const rocksdb::WriteBatch& batch) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t sequence = 0;
  std::memcpy(&sequence, batch.Data().data(), sizeof sequence);
  return sequence;
}

}  // namespace

rocksdb::WalFilter::WalProcessingOption ConnectedReplay::LogRecordFound(
    unsigned long long /*log_number*/, const std::string& /*log_file_name*/, const rocksdb::WriteBatch& batch,
    rocksdb::WriteBatch* /*new_batch*/, bool* /*batch_changed*/) {
  const uint64_t sequence = sequence_of(batch);
  if (next_ && sequence != *next_) return WalProcessingOption::kStopReplay;
  next_ = sequence + batch.Count();
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace core
