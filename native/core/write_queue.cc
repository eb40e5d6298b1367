#include "core/write_queue.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rocksdb/write_batch.h"

namespace core {

struct WriteQueue::Group {
  rocksdb::WriteBatch batch;
  bool sync = false;
  std::vector<Done> done;
};

struct WriteQueue::State {
  std::mutex mutex;
  std::condition_variable idle;
  ColumnFamilyLookup lookup;
  rocksdb::DB* db = nullptr;
  /** The group that a further write may still join: queued last, and not yet taken. */
  std::shared_ptr<Group> open_group;
  size_t unfinished = 0;

  Status commit(rocksdb::WriteBatch& batch, bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    try {
      return from_rocksdb(db->Write(options, &batch), "write to", db->GetName());
    } catch (const std::exception& error) {  // out of memory: a thread that lets it pass ends the process
      return {ErrorCode::kAborted, std::string("write to ") + db->GetName() + ": " + error.what()};
    }
  }

  void finish_one() {
    const std::lock_guard lock(mutex);
    if (--unfinished == 0) idle.notify_all();
  }
};

WriteQueue::WriteQueue(ColumnFamilyLookup lookup) : state_(std::make_shared<State>()), thread_(1) {
  state_->lookup = std::move(lookup);
}

WriteQueue::~WriteQueue() = default;

void WriteQueue::attach(rocksdb::DB* db) { state_->db = db; }

Status WriteQueue::write(std::span<const uint8_t> packed, bool sync, Done done) {
  const std::lock_guard lock(state_->mutex);
  if (state_->open_group) {
    Group& group = *state_->open_group;
    group.done.reserve(group.done.size() + 1);
    if (Status status = unpack_batch(packed, state_->lookup, state_->db->GetName(), group.batch); !status.ok())
      return status;
    group.sync |= sync;
    group.done.push_back(std::move(done));
    return {};
  }

  auto group = std::make_shared<Group>();
  group->done.reserve(1);
  if (Status status = unpack_batch(packed, state_->lookup, state_->db->GetName(), group->batch); !status.ok())
    return status;
  group->sync = sync;
  group->done.push_back(std::move(done));
  thread_.post([state = state_, group] {
    {
      const std::lock_guard closing(state->mutex);
      if (state->open_group == group) state->open_group = nullptr;
    }
    const Status status = state->commit(group->batch, group->sync);
    for (const Done& settle : group->done) settle(status);
    state->finish_one();
  });
  ++state_->unfinished;
  state_->open_group = std::move(group);
  return {};
}

Status WriteQueue::write_now(std::span<const uint8_t> packed, bool sync) {
  rocksdb::WriteBatch batch(packed.size());
  wait_until_idle();
  {
    const std::lock_guard lock(state_->mutex);
    if (Status status = unpack_batch(packed, state_->lookup, state_->db->GetName(), batch); !status.ok()) return status;
  }
  return state_->commit(batch, sync);
}

void WriteQueue::post_exclusive(TaskQueue::Task task) {
  const std::lock_guard lock(state_->mutex);
  thread_.post([state = state_, task = std::move(task)] {
    task();
    state->finish_one();
  });
  ++state_->unfinished;
  state_->open_group = nullptr;
}

void WriteQueue::wait_until_idle() {
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [&] { return state_->unfinished == 0; });
}

void WriteQueue::stop() { thread_.stop(); }

}  // namespace core
