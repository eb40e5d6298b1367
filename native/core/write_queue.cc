#include "core/write_queue.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "rocksdb/write_batch.h"

namespace core {

namespace {

// What stands before the records, the testimony among it, and a little more: without it a batch of one long record is
// copied to grow.
constexpr size_t kBatchHeaderBytes = 48;
// A group this large starts at once: its fsync then overlaps with the work that fills the next one.
constexpr size_t kStartAtBytes = 64 << 10;
// A group this large takes no more writes: the first that joined should not wait for the last of a flood.
constexpr size_t kGroupBytes = 4 << 20;
// After a group of this many writes, as many are likely to follow. Waking the thread takes as long as a fair part of an
// fsync, so it looks out for them before it sleeps: first for a write, then for the kick behind the last one. If it has
// fallen asleep all the same, the first write wakes it, and it wakes up while the others join.
constexpr size_t kMany = 8;
constexpr std::chrono::microseconds kLookOutForFirst{60};
constexpr std::chrono::microseconds kLookOutForKick{120};

}  // namespace

struct WriteQueue::Group {
  struct Part {
    size_t end;  // in `bytes`; a part begins where the one before it ends
    Writer writer;
    bool sync;
  };

  std::vector<uint8_t> bytes;
  std::vector<Part> parts;
  /** What looks at the database once the parts are written. */
  std::vector<TaskQueue::Task> readers;
  /** The column families it writes to, which may be dropped for later calls before its turn comes. */
  std::vector<Family> families;

  rocksdb::ColumnFamilyHandle* find(uint32_t id) const {
    const auto found = std::ranges::find_if(families, [id](const Family& f) { return f->GetID() == id; });
    return found == families.end() ? nullptr : found->get();
  }
};

struct WriteQueue::State {
  explicit State(Lifetime& of) : lifetime(of) {}

  Lifetime& lifetime;
  FindFamily find_family;
  Settle settle;
  rocksdb::DB* db = nullptr;
  FolderLock* lock = nullptr;
  Watermark* watermark = nullptr;
  size_t max_bytes = 0;

  std::mutex mutex;
  std::condition_variable idle;
  /** In the order of the calls. The one at work has left it. */
  std::deque<std::variant<std::unique_ptr<Group>, TaskQueue::Task>> waiting;
  size_t waiting_bytes = 0;  // of all groups not yet settled
  bool running = false;
  /** How many writes the last group was of. */
  size_t last_group_size = 0;
  /** What waits may start. */
  std::atomic<bool> kicked = false;
  /** A write has joined since a group was last taken. */
  std::atomic<bool> joined = false;
  std::atomic<bool> broken = false;
  /** Somebody waits for the thread to be idle. */
  std::atomic<int> drains = 0;
  // Of the queue's thread alone:
  std::unordered_set<Writer> failed_writers;
  rocksdb::WriteBatch batch;

  Group* last_group() {
    if (waiting.empty()) return nullptr;
    auto* group = std::get_if<std::unique_ptr<Group>>(&waiting.back());
    return group != nullptr ? group->get() : nullptr;
  }

  Group* group_to_join(const Terms& terms) {
    Group* group = last_group();
    if (group == nullptr || group->bytes.size() >= kGroupBytes) return nullptr;
    return terms.behind_reads && !group->readers.empty() ? nullptr : group;
  }

  /** To be done before any records are added. */
  Status start_batch(rocksdb::WriteBatch& merged) {
    merged.Clear();
    return from_rocksdb(merged.PutLogData(watermark->testimony()), "write to", db->GetName());
  }

  Status commit(rocksdb::WriteBatch& merged, bool sync) {
    const std::string subject = db->GetName();
    if (broken) return {ErrorCode::kAborted, "write to " + subject + ": an earlier write broke RocksDB"};
    // RocksDB has its WAL open, and would go on in a folder that nobody finds at the path.
    const bool displaced = sync ? lock->is_displaced() : lock->is_displaced_lately();
    if (displaced) return failure(ErrorCode::kIoError, "write to", subject, kDisplaced);
    rocksdb::WriteOptions options;
    options.sync = sync;
    try {
      Status status = from_rocksdb(db->Write(options, &merged), "write to", subject);
      // Only the one who has the queue's turn writes: the last sequence number is that of this write.
      return sync && status.ok() ? watermark->note_durable(db->GetLatestSequenceNumber()) : status;
    } catch (const std::exception& error) {  // out of memory; RocksDB's queue of writers does not survive it
      broken = true;
      return {ErrorCode::kAborted, "write to " + subject + ": " + error.what()};
    }
  }

  Status merge_and_commit(const Group& group);
  void run();
  /** Waits a moment for `joined`, then for `kicked`. */
  void look_out() const;
  void perform(const Group& group);
};

WriteQueue::WriteQueue(Lifetime& lifetime, FindFamily find_family)
    : state_(std::make_shared<State>(lifetime)), thread_(1) {
  state_->find_family = std::move(find_family);
}

WriteQueue::~WriteQueue() = default;

void WriteQueue::open(rocksdb::DB* db, FolderLock* lock, Watermark* watermark, size_t max_bytes, Settle settle) {
  state_->db = db;
  state_->lock = lock;
  state_->watermark = watermark;
  state_->max_bytes = max_bytes;
  state_->settle = std::move(settle);
}

// ── Taking writes ────────────────────────────────────────────────────────────────────────────────────────────────────

Status WriteQueue::write(std::span<const uint8_t> packed, const Terms& terms, Admission* admission) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  if (!terms.force && state.waiting_bytes > 0 && state.waiting_bytes + packed.size() > state.max_bytes) {
    *admission = Admission::kFull;
    return {};
  }
  *admission = Admission::kTaken;

  Group* group = state.group_to_join(terms);
  std::unique_ptr<Group> opened;
  if (group == nullptr) {
    opened = std::make_unique<Group>();
    group = opened.get();
  }
  const size_t families_before = group->families.size();
  const ColumnFamilyLookup lookup = [&](uint32_t id) -> rocksdb::ColumnFamilyHandle* {
    if (rocksdb::ColumnFamilyHandle* known = group->find(id)) return known;
    Family found = state.find_family(id);
    if (found) group->families.push_back(found);
    return found.get();
  };
  if (Status refused = check_batch(packed, lookup, state.db->GetName()); !refused.ok()) {
    group->families.resize(families_before);
    return refused;
  }
  group->parts.push_back({.end = group->bytes.size() + packed.size(), .writer = terms.writer, .sync = terms.sync});
  try {
    group->bytes.insert(group->bytes.end(), packed.begin(), packed.end());
    if (opened) state.waiting.emplace_back(std::move(opened));
  } catch (...) {
    group->parts.pop_back();
    throw;
  }
  if (group->parts.size() == 1) state.lifetime.retain();
  state.waiting_bytes += packed.size();
  const bool large = group->bytes.size() >= kStartAtBytes;
  const bool first_of_many =
      state.last_group_size >= kMany && !state.running && state.waiting.size() == 1 && group->parts.size() == 1;
  state.joined = true;
  if (first_of_many) {
    try {
      state.running = start();
    } catch (const std::exception&) {
      state.running = false;  // `kick` will do without
    }
  }
  lock.unlock();
  if (large) kick();
  return {};
}

Status WriteQueue::write_now(std::span<const uint8_t> packed, bool sync) {
  // From before the look-up: a column family that is dropped between the look-up and the commit would fail the write
  // inside RocksDB, and with it every later one.
  const Turn turn(*this);
  rocksdb::WriteBatch batch(packed.size() + kBatchHeaderBytes);
  if (Status status = state_->start_batch(batch); !status.ok()) return status;
  std::vector<Family> families;
  const ColumnFamilyLookup lookup = [&](uint32_t id) -> rocksdb::ColumnFamilyHandle* {
    return families.emplace_back(state_->find_family(id)).get();
  };
  if (Status refused = unpack_batch(packed, lookup, state_->db->GetName(), batch); !refused.ok()) return refused;
  return state_->commit(batch, sync);
}

void WriteQueue::post_exclusive(TaskQueue::Task task) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->waiting.emplace_back(std::move(task));
  }
  kick();
}

bool WriteQueue::ends_in_exclusive() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->waiting.empty() && state_->last_group() == nullptr;
}

void WriteQueue::post_behind_writes(TaskQueue::Task task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->running || !state_->waiting.empty()) {
      if (state_->last_group() == nullptr) state_->waiting.emplace_back(std::make_unique<Group>());
      state_->last_group()->readers.push_back(std::move(task));
      return;
    }
  }
  task();
}

void WriteQueue::kick() noexcept {
  std::unique_lock lock(state_->mutex);
  if (state_->waiting.empty()) return;
  state_->kicked = true;
  if (state_->running) return;
  state_->running = true;
  run_on_thread(std::move(lock));
}

void WriteQueue::run_on_thread(std::unique_lock<std::mutex> lock) noexcept {
  try {
    if (start()) return;
    state_->running = false;  // stopped, which comes after `drain`: nothing is left to do
  } catch (const std::exception&) {
    // No thread is to be had, or no memory for one. What was taken must be written all the same.
    lock.unlock();
    state_->run();
  }
}

bool WriteQueue::start() {
  return thread_.post([state = state_] { state->run(); });
}

void WriteQueue::drain() { (void)wait_until_idle(); }

std::unique_lock<std::mutex> WriteQueue::wait_until_idle() {
  ++state_->drains;
  kick();
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [this] { return !state_->running; });
  --state_->drains;
  return lock;
}

WriteQueue::Turn::Turn(WriteQueue& queue) : queue_(queue) {
  const auto lock = queue.wait_until_idle();
  queue.state_->running = true;
}

WriteQueue::Turn::~Turn() {
  std::unique_lock lock(queue_.state_->mutex);
  if (queue_.state_->kicked) {
    // What came meanwhile is next, before whoever waits for the queue to be idle.
    queue_.run_on_thread(std::move(lock));
  } else {
    queue_.state_->running = false;
    queue_.state_->idle.notify_all();
  }
}

bool WriteQueue::is_broken() const { return state_->broken; }

void WriteQueue::stop() { thread_.stop(); }

// ── Performing them, on the queue's thread ───────────────────────────────────────────────────────────────────────────

void WriteQueue::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    if (!kicked && last_group_size >= kMany) {
      lock.unlock();
      look_out();
      lock.lock();
    }
    if (!kicked) break;
    auto next = std::move(waiting.front());
    waiting.pop_front();
    if (waiting.empty()) kicked = false;
    joined = false;
    if (const auto* group = std::get_if<std::unique_ptr<Group>>(&next)) last_group_size = (*group)->parts.size();
    lock.unlock();
    if (const auto* task = std::get_if<TaskQueue::Task>(&next)) {
      (*task)();
      next = TaskQueue::Task();  // what it owns goes before this thread is idle
      lock.lock();
    } else {
      auto group = std::get<std::unique_ptr<Group>>(std::move(next));
      const bool has_lease = !group->parts.empty();
      if (has_lease) perform(*group);
      for (const TaskQueue::Task& reader : group->readers) reader();
      group.reset();  // its column families go before its lease
      lock.lock();
      if (has_lease) lifetime.release();
    }
  }
  running = false;
  idle.notify_all();
}

void WriteQueue::State::look_out() const {
  const auto wait_for = [this](const std::atomic<bool>& sign, std::chrono::microseconds time) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!sign && drains == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return sign.load();
  };
  if (kicked || wait_for(joined, kLookOutForFirst)) wait_for(kicked, kLookOutForKick);
}

Status WriteQueue::State::merge_and_commit(const Group& group) {
  const auto lookup = [&group](uint32_t id) { return group.find(id); };
  bool sync = false;
  size_t begin = 0;
  if (Status status = start_batch(batch); !status.ok()) return status;
  for (const Group::Part& part : group.parts) {
    if (!failed_writers.contains(part.writer)) {
      const auto packed = std::span(group.bytes).subspan(begin, part.end - begin);
      if (Status refused = unpack_batch(packed, lookup, db->GetName(), batch); !refused.ok()) return refused;
      sync |= part.sync;
    }
    begin = part.end;
  }
  return commit(batch, sync);
}

void WriteQueue::State::perform(const Group& group) {
  Status status;
  try {
    status = merge_and_commit(group);
  } catch (const std::exception& error) {  // out of memory while merging: a thread that lets it pass ends the process
    status = {ErrorCode::kAborted, "write to " + db->GetName() + ": " + error.what()};
  }
  if (batch.GetDataSize() > kGroupBytes) batch = rocksdb::WriteBatch();
  {
    // Before anybody hears of it: whoever waits for room will ask once, when a write has settled.
    const std::lock_guard lock(mutex);
    waiting_bytes -= group.bytes.size();
  }

  // Runs of one outcome, in the order of the calls.
  const auto skipped = [this](const Group::Part& part) { return failed_writers.contains(part.writer); };
  for (size_t first = 0; first < group.parts.size();) {
    const bool was_skipped = skipped(group.parts[first]);
    size_t last = first + 1;
    while (last < group.parts.size() && skipped(group.parts[last]) == was_skipped) ++last;
    settle(last - first, was_skipped
                             ? Status{ErrorCode::kAborted, "write to " + db->GetName() +
                                                               ": not attempted, an earlier write of the log failed"}
                             : status);
    first = last;
  }
  if (status.ok()) return;
  for (const Group::Part& part : group.parts) {
    if (part.writer != 0) failed_writers.insert(part.writer);
  }
}

}  // namespace core
