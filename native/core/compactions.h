// Compactions of a range that somebody calls for. They come in two kinds: a caller waits for the one, and the other
// gives space back in the background, where nobody waits. The second kind gives way: to the first, and to closing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "rocksdb/db.h"

namespace core {

struct KeyRange {
  std::optional<std::string> lower;  // inclusive
  std::optional<std::string> upper;  // exclusive
};

class Compactions {
 public:
  /** Blocks. What gives space back meanwhile stops for it, and begins again afterwards. */
  rocksdb::Status compact(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const KeyRange& range);

  /**
   * Counts as a compaction that gives space back while it lives: `wait_for_reclaims` waits for it. It must be entered
   * before anything of the database is touched, and tell whether that may be.
   */
  class Reclaim {
   public:
    explicit Reclaim(Compactions& compactions);
    ~Reclaim();
    Reclaim(const Reclaim&) = delete;
    Reclaim& operator=(const Reclaim&) = delete;

    /** False once `cancel_reclaims` was called: nothing may be touched. */
    explicit operator bool() const { return may_run_; }
    /** Blocks. Incomplete (kManualCompactionPaused) where `cancel_reclaims` was called meanwhile. */
    rocksdb::Status run(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const KeyRange& range);

   private:
    Compactions& compactions_;
    bool may_run_;
  };

  /** From now on none gives space back: what runs stops within milliseconds, what comes later does not begin. */
  void cancel_reclaims();
  /** After `cancel_reclaims`. */
  void wait_for_reclaims();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t asked_ = 0;     // compactions that somebody waits for
  size_t reclaims_ = 0;  // `Reclaim`s that may run
  bool ended_ = false;
  /** RocksDB looks at it while a reclaim runs. */
  std::atomic<bool> stop_ = false;
};

}  // namespace core
