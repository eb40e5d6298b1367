#include "core/compactions.h"

namespace core {

namespace {

rocksdb::Status compact_range(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const KeyRange& range,
                              std::atomic<bool>* stop) {
  rocksdb::CompactRangeOptions options;
  // An exclusive one would wait for every other compaction of the database, and could not be stopped while it does.
  options.exclusive_manual_compaction = false;
  options.canceled = stop;
  // Of the strings themselves: a slice of what value_or gives would outlive that.
  const rocksdb::Slice lower = range.lower ? rocksdb::Slice(*range.lower) : rocksdb::Slice();
  const rocksdb::Slice upper = range.upper ? rocksdb::Slice(*range.upper) : rocksdb::Slice();
  return db.CompactRange(options, family, range.lower ? &lower : nullptr, range.upper ? &upper : nullptr);
}

}  // namespace

rocksdb::Status Compactions::compact(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const KeyRange& range) {
  {
    const std::lock_guard lock(mutex_);
    ++asked_;
    stop_ = true;
  }
  const rocksdb::Status status = compact_range(db, family, range, nullptr);
  const std::lock_guard lock(mutex_);
  if (--asked_ == 0) changed_.notify_all();
  return status;
}

Compactions::Reclaim::Reclaim(Compactions& compactions) : compactions_(compactions) {
  const std::lock_guard lock(compactions_.mutex_);
  may_run_ = !compactions_.ended_;
  if (may_run_) ++compactions_.reclaims_;
}

Compactions::Reclaim::~Reclaim() {
  if (!may_run_) return;
  const std::lock_guard lock(compactions_.mutex_);
  --compactions_.reclaims_;
  compactions_.changed_.notify_all();
}

rocksdb::Status Compactions::Reclaim::run(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const KeyRange& range) {
  for (;;) {
    {
      std::unique_lock lock(compactions_.mutex_);
      compactions_.changed_.wait(lock, [this] { return compactions_.ended_ || compactions_.asked_ == 0; });
      if (compactions_.ended_) return rocksdb::Status::Incomplete(rocksdb::Status::SubCode::kManualCompactionPaused);
      compactions_.stop_ = false;
    }
    const rocksdb::Status status = compact_range(db, family, range, &compactions_.stop_);
    if (!status.IsManualCompactionPaused()) return status;
  }
}

void Compactions::cancel_reclaims() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  stop_ = true;
  changed_.notify_all();
}

void Compactions::wait_for_reclaims() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return reclaims_ == 0; });
}

}  // namespace core
