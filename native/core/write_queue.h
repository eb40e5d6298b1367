// Every write of a database, in the order of the calls. Asynchronous writes that wait are merged into one RocksDB write
// with at most one fsync (group commit); a thread of the queue's own performs them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "core/batch_format.h"
#include "core/status.h"
#include "core/task_queue.h"
#include "rocksdb/db.h"

namespace core {

class WriteQueue {
 public:
  using Done = std::function<void(const Status&)>;

  /** `lookup` is called by `write` and `write_now`, on their thread. */
  explicit WriteQueue(ColumnFamilyLookup lookup);
  ~WriteQueue();

  void attach(rocksdb::DB* db);

  /**
   * Joins the group that waits for its turn. A batch that is refused harms no other: it has not joined, and `done` is
   * not called. Otherwise `done` is called once, on the queue's thread. A group is synced if any part of it asks.
   */
  Status write(std::span<const uint8_t> packed, bool sync, Done done);

  /** Waits for every write queued before, then writes on this thread. */
  Status write_now(std::span<const uint8_t> packed, bool sync);

  /** Runs `task` after every write queued before it and before every one queued later. */
  void post_exclusive(TaskQueue::Task task);

  /** Waits until nothing is queued or under way. */
  void wait_until_idle();

  /** Finishes what is queued and ends the thread. */
  void stop();

 private:
  struct Group;
  struct State;

  std::shared_ptr<State> state_;
  TaskQueue thread_;
};

}  // namespace core
