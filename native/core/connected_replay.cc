#include "core/connected_replay.h"

#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <string>

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

/** Gathers the keys that a batch puts. */
class PutKeys : public rocksdb::WriteBatch::Handler {
 public:
  explicit PutKeys(std::map<uint32_t, std::set<std::string>>* keys) : keys_(*keys) {}

  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/) override {
    keys_[family].insert(key.ToString());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t /*family*/, const rocksdb::Slice& /*key*/) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(uint32_t /*family*/, const rocksdb::Slice& /*begin*/,
                                const rocksdb::Slice& /*end*/) override {
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice& /*blob*/) override {}

 private:
  std::map<uint32_t, std::set<std::string>>& keys_;
};

}  // namespace

const std::set<std::string>& ConnectedReplay::keys_of(uint32_t family) const {
  static const std::set<std::string> none;
  const auto found = keys_.find(family);
  return found == keys_.end() ? none : found->second;
}

rocksdb::WalFilter::WalProcessingOption ConnectedReplay::LogRecordFound(unsigned long long /*log_number*/,
                                                                        const std::string& /*log_file_name*/,
                                                                        const rocksdb::WriteBatch& batch,
                                                                        rocksdb::WriteBatch* /*new_batch*/,
                                                                        bool* /*batch_changed*/) {
  const uint64_t sequence = sequence_of(batch);
  if (next_ && sequence != *next_) return WalProcessingOption::kStopReplay;
  next_ = sequence + batch.Count();
  PutKeys gather(&keys_);
  if (!batch.Iterate(&gather).ok()) return WalProcessingOption::kStopReplay;
  return WalProcessingOption::kContinueProcessing;
}

}  // namespace core
