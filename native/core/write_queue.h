// Every write of a database, in the order of the calls. Writes that wait are merged into one RocksDB write with at most
// one fsync (group commit), which a thread of the queue's own performs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "core/batch_format.h"
#include "core/column_families.h"
#include "core/folder_lock.h"
#include "core/lifetime.h"
#include "core/status.h"
#include "core/task_queue.h"
#include "core/watermark.h"
#include "rocksdb/db.h"

namespace core {

class WriteQueue {
 public:
  /** A live column family, or nothing. Called on the thread of `write` and `write_now`. */
  using FindFamily = std::function<Family(uint32_t id)>;
  /** The `count` oldest writes not yet settled have come out like this. Called on the queue's thread. */
  using Settle = std::function<void(size_t count, const Status&)>;

  /**
   * Writes of one writer build on each other: once one has failed, those behind it are not attempted and settle as
   * ABORTED. Writer 0 is for writes that stand alone.
   */
  using Writer = uint32_t;

  enum class Admission { kTaken, kFull };

  struct Terms {
    bool sync = false;
    Writer writer = 0;
    /** It may not take effect before what `post_behind_writes` was given earlier: it changes what that looks at. */
    bool behind_reads = false;
    /** Taken even where the queue is full. */
    bool force = false;
  };

  WriteQueue(Lifetime& lifetime, FindFamily find_family);
  ~WriteQueue();

  /** To be called before any write. */
  void open(rocksdb::DB* db, FolderLock* lock, Watermark* watermark, size_t max_bytes, Settle settle);

  /**
   * Copies the batch into the group that waits for its turn. The caller holds a lease; each group holds one until it is
   * settled. A batch that is refused harms no other: it has not joined, and is not settled. Where `max_bytes` are
   * waiting already it is not taken either, unless forced. The group starts when `kick` is called, or when it is large.
   */
  Status write(std::span<const uint8_t> packed, const Terms& terms, Admission* admission);

  /** No more writes are about to join: what waits may start. */
  void kick() noexcept;

  /** An exception has come out of RocksDB's own write, which is not made for that: it must not be called again. */
  bool is_broken() const;

  /** Waits for every write taken before, then writes on this thread, before every one taken meanwhile. */
  Status write_now(std::span<const uint8_t> packed, bool sync);

  /** Runs `task` after every write taken before it and before every one taken later. */
  void post_exclusive(TaskQueue::Task task);
  /** Whether the last that was taken is such a task, which waits still: what joins it overtakes nothing. */
  bool ends_in_exclusive() const;

  /**
   * Runs `task`, which must be quick and must not throw, after every write taken before it; on this thread, and at
   * once, where there is none. It divides no group: writes taken later may come before it, unless their terms say
   * otherwise. It starts as a write does.
   */
  void post_behind_writes(TaskQueue::Task task);

  /** Starts what waits, and returns when nothing is left. */
  void drain();

  /** Ends the thread, after `drain`. */
  void stop();

 private:
  struct Group;
  struct State;

  /** While it lives, nothing of the queue is performed; what was taken before it has been. */
  class Turn {
   public:
    explicit Turn(WriteQueue& queue);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    WriteQueue& queue_;
  };

  std::unique_lock<std::mutex> wait_until_idle();
  /** Lets the thread work on what waits. False where it was stopped. */
  bool start();
  /** Performs what may start, elsewhere if possible. The caller has the turn, which goes with it. */
  void run_on_thread(std::unique_lock<std::mutex> lock) noexcept;

  std::shared_ptr<State> state_;
  TaskQueue thread_;
};

}  // namespace core
