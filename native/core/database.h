// One open RocksDB database and everything that lives inside it. It knows nothing of Node. Every method may be called
// from any thread, in any order, at any point of its life; once closing has begun each answers CLOSED.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/column_families.h"
#include "core/compactions.h"
#include "core/family_changes.h"
#include "core/lifetime.h"
#include "core/maintenance.h"
#include "core/opening.h"
#include "core/options.h"
#include "core/packed_rows.h"
#include "core/reader.h"
#include "core/scan_range.h"
#include "core/status.h"
#include "core/task_queue.h"
#include "core/write_queue.h"
#include "rocksdb/db.h"

namespace core {

class Iterator;

class Database : public std::enable_shared_from_this<Database> {
 public:
  /** Keeps the database open for as long as it lives. */
  class Lease {
   public:
    Lease() = default;
    explicit Lease(std::shared_ptr<Database> database) : database_(std::move(database)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (database_) database_->lifetime_.release();
    }
    explicit operator bool() const { return database_ != nullptr; }

   private:
    std::shared_ptr<Database> database_;
  };

  static std::shared_ptr<Database> create(std::string path, WriteQueue::Settle settle_writes);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /** To be called once. After a failure the database is closed. */
  Status open(const OpenConfig& config);

  /** Empty until opened, and once closing has begun. */
  Lease lease();
  Status closed(std::string_view operation) const;

  // The caller shows the lease that it was given when it was called, perhaps on another thread: what was accepted is
  // carried out, even where closing has begun since.
  Reader reader(const Lease& held) const;
  /** Does what `work` does, unless the database is open read-only or its folder has gone. */
  using MaintenanceWork = std::function<Status(const Maintenance&)>;
  Status maintain(const Lease& held, std::string_view operation, const MaintenanceWork& work);
  /** See Maintenance. Nothing to do where it is open read-only. */
  Status limit_write_buffer(const Lease& held, uint32_t family, uint64_t bytes);
  /** See Salvage. Of a database that tolerates damage. */
  Status salvage(const Lease& held, uint32_t family, std::string_view from, PackedRows* rows) const;
  /** See make_checkpoint. */
  Status checkpoint(const Lease& held, const std::string& path);

  // These take a lease of their own. The first three block.
  Status write(std::span<const uint8_t> packed, bool sync);
  Status property(const std::string& name, std::optional<uint32_t> family, std::optional<std::string>* value);
  /** See Reader. */
  Status memtables_to_flush(uint64_t* count);
  /** What flushes and compactions of all column families may write together from now on; 0 for no limit. */
  Status limit_background_writes(uint64_t bytes_per_second);

  /**
   * Compacts a range for its space alone, without a lease: closing does not wait for it, but ends it, with CLOSED.
   * Blocks.
   */
  Status reclaim_space(uint32_t family, const KeyRange& range);

  // The asynchronous form of `write`; see WriteQueue. What is taken is settled through the function given to `create`.
  Status write_later(std::span<const uint8_t> packed, const WriteQueue::Terms& terms, WriteQueue::Admission* admission);
  /** Whether `write_later` would refuse it for what it holds, which it does not say where the queue is full. */
  Status check_write(std::span<const uint8_t> packed);

  /**
   * Takes a part of what `read_behind_writes` finds. The last one says so, and has the status of the whole. False: no
   * more is wanted, and an empty last one is to follow.
   */
  using TakePage = std::function<bool(const Status&, std::string page, bool is_last)>;
  /**
   * Reads a range as every write taken before leaves it, whatever is written while it is read, and even where closing
   * begins right after this call. Each page but the last ends with the row that reaches `page_bytes`. A page is
   * PackedRows; with the `head` of a CountedRun, which goes from the start of the range, it is a page of that. `take`
   * is called on another thread; it must not throw. It starts as a write does.
   */
  Status read_behind_writes(uint32_t family, ScanRange range, std::optional<std::string> head, uint64_t page_bytes,
                            TakePage take);

  /** What these have queued may start. */
  void kick_writes() { writes_.kick(); }

  // See FamilyChanges. `done` is not called where a failure is returned.
  Status create_column_family(const ColumnFamilyConfig& config, FamilyChanges::Created done);
  Status drop_column_family(const std::string& name, FamilyChanges::Dropped done);

  std::vector<std::pair<std::string, uint32_t>> column_families() const { return families_.names(); }
  const std::string& path() const { return path_; }
  /** Fixed once it is open. */
  const std::optional<Recovered>& recovered() const { return opened_->recovered; }

  TaskQueue& reader_queue() { return reader_queue_; }
  TaskQueue& maintenance_queue() { return maintenance_queue_; }
  /** For `reclaim_space` alone: what somebody waits for never waits behind it. */
  TaskQueue& reclaim_queue() { return reclaim_queue_; }

  /** Refuses new leases. What runs without one stops, and what runs with one is no longer slowed down. */
  void begin_closing();
  /**
   * Waits for every lease, ends the iterators, makes unsynced writes durable, closes RocksDB, ends the threads. A
   * second call waits for the first and reports the same. Called from a thread of the database's own, it leaves that
   * one for `join_threads`.
   */
  Status close();
  bool is_closed() const { return is_closed_; }
  void join_threads();

 private:
  friend class Iterator;

  Database(std::string path, WriteQueue::Settle settle_writes);

  Status dispose();
  /** Where it may not be written to, whatever is to be written. */
  Status refuse_changes(std::string_view operation) const;
  Status abandon_broken();

  const std::string path_;
  const WriteQueue::Settle settle_writes_;
  bool read_only_ = false;
  const std::shared_ptr<rocksdb::RateLimiter> background_limit_ = unlimited_background_writes();
  const std::shared_ptr<OpenRocksdb> opened_ = std::make_shared<OpenRocksdb>();
  ColumnFamilies families_;
  Lifetime lifetime_;

  std::mutex iterators_mutex_;
  std::set<Iterator*> iterators_;

  std::mutex transition_mutex_;  // locked while opening and while closing
  std::atomic<bool> is_closed_ = false;
  Status close_status_;

  WriteQueue writes_;
  FamilyChanges family_changes_;
  Compactions compactions_;
  TaskQueue reader_queue_;
  TaskQueue maintenance_queue_;
  TaskQueue reclaim_queue_;
};

}  // namespace core
