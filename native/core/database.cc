#include "core/database.h"

#include <algorithm>
#include <exception>

#include "core/checkpoint.h"
#include "core/iterator.h"
#include "core/paged_read.h"
#include "core/salvage.h"
#include "rocksdb/convenience.h"

namespace core {

namespace {

constexpr size_t kReaderThreads = 2;
constexpr size_t kMaintenanceThreads = 1;
constexpr size_t kReclaimThreads = 1;

}  // namespace

std::shared_ptr<Database> Database::create(std::string path, WriteQueue::Settle settle_writes) {
  return std::shared_ptr<Database>(new Database(std::move(path), std::move(settle_writes)));
}

Database::Database(std::string path, WriteQueue::Settle settle_writes)
    : path_(std::move(path)),
      settle_writes_(std::move(settle_writes)),
      families_(path_),
      writes_(lifetime_, [this](uint32_t id) { return families_.find(id); }),
      family_changes_(path_, *opened_, families_, writes_),
      reader_queue_(kReaderThreads),
      maintenance_queue_(kMaintenanceThreads),
      reclaim_queue_(kReclaimThreads) {}

Database::~Database() { (void)close(); }

// ── Opening and leases ───────────────────────────────────────────────────────────────────────────────────────────────

Status Database::open(const OpenConfig& config) {
  const std::lock_guard transition(transition_mutex_);
  Status status;
  try {
    read_only_ = config.read_only;
    status = open_rocksdb(path_, config, background_limit_, opened_.get(), &families_);
  } catch (const std::exception& error) {  // out of memory, or of threads
    status = failure(ErrorCode::kAborted, "open", path_, error.what());
  }
  if (status.ok()) {
    writes_.open(opened_->db.get(), &opened_->lock, &opened_->watermark, config.max_queued_bytes, settle_writes_);
    if (lifetime_.begin()) return {};
    status = closed("open");
  }
  begin_closing();
  (void)dispose();
  is_closed_ = true;
  return status;
}

Database::Lease Database::lease() { return lifetime_.acquire() ? Lease(shared_from_this()) : Lease(); }

Status Database::closed(std::string_view operation) const {
  return failure(ErrorCode::kClosed, operation, path_, "the database is closed");
}

Status Database::refuse_changes(std::string_view operation) const {
  if (read_only_) return failure(ErrorCode::kReadOnly, operation, path_, "the database is open read-only");
  if (opened_->lock.was_displaced()) return failure(ErrorCode::kIoError, operation, path_, kDisplaced);
  return {};
}

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Reader Database::reader(const Lease&) const { return {*opened_->db, families_}; }

Status Database::salvage(const Lease&, uint32_t family, std::string_view from, PackedRows* rows) const {
  if (!opened_->replay) return failure(ErrorCode::kInvalidArgument, "salvage", path_, "it does not tolerate damage");
  return Salvage(*opened_->db, families_, *opened_->replay).read(family, from, rows);
}

Status Database::property(const std::string& name, std::optional<uint32_t> family, std::optional<std::string>* value) {
  const Lease held = lease();
  return held ? reader(held).property(name, family, value) : closed("read a property of");
}

Status Database::memtables_to_flush(uint64_t* count) {
  const Lease held = lease();
  if (!held) return closed("read a property of");
  *count = reader(held).memtables_to_flush();
  return {};
}

Status Database::read_behind_writes(uint32_t family_id, ScanRange range, std::optional<std::string> head,
                                    uint64_t page_bytes, TakePage take) {
  Lease held = lease();
  if (!held) return closed("read from");
  Family family;
  if (Status status = families_.find(family_id, "read", &family); !status.ok()) return status;
  std::string name = families_.subject(family);
  auto read = std::make_shared<PagedRead>(
      PagedRead::Subject{.lease = std::move(held), .family = std::move(family), .name = std::move(name)},
      std::move(range), std::move(head), page_bytes, std::move(take));
  writes_.post_behind_writes([this, read] {
    try {
      read->fix_moment(*opened_->db);
      reader_queue_.post([read] { read->run(); });
    } catch (const std::exception& error) {  // out of memory, or of threads
      read->fail(error);
    }
  });
  return {};
}

// ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Status Database::write(std::span<const uint8_t> packed, bool sync) {
  const Lease held = lease();
  if (!held) return closed("write to");
  if (Status refused = refuse_changes("write to"); !refused.ok()) return refused;
  return writes_.write_now(packed, sync);
}

Status Database::write_later(std::span<const uint8_t> packed, const WriteQueue::Terms& terms,
                             WriteQueue::Admission* admission) {
  const Lease held = lease();
  if (!held) return closed("write to");
  if (Status refused = refuse_changes("write to"); !refused.ok()) return refused;
  return writes_.write(packed, terms, admission);
}

Status Database::check_write(std::span<const uint8_t> packed) {
  const Lease held = lease();
  if (!held) return closed("write to");
  if (Status refused = refuse_changes("write to"); !refused.ok()) return refused;
  std::vector<Family> known;
  const ColumnFamilyLookup lookup = [&](uint32_t id) { return known.emplace_back(families_.find(id)).get(); };
  return check_batch(packed, lookup, path_);
}

Status Database::create_column_family(const ColumnFamilyConfig& config, FamilyChanges::Created done) {
  const auto held = std::make_shared<Lease>(lease());
  if (!*held) return closed("create a column family in");
  if (Status refused = refuse_changes("create a column family in"); !refused.ok()) return refused;
  family_changes_.create(config, held, std::move(done));
  return {};
}

Status Database::drop_column_family(const std::string& name, FamilyChanges::Dropped done) {
  const auto held = std::make_shared<Lease>(lease());
  if (!*held) return closed("drop a column family of");
  if (Status refused = refuse_changes("drop a column family of"); !refused.ok()) return refused;
  return family_changes_.drop(name, held, std::move(done));
}

// ── Maintenance ──────────────────────────────────────────────────────────────────────────────────────────────────────

Status Database::maintain(const Lease&, std::string_view operation, const MaintenanceWork& work) {
  if (Status refused = refuse_changes(operation); !refused.ok()) return refused;
  return work(Maintenance(*opened_->db, families_, compactions_));
}

Status Database::limit_write_buffer(const Lease& held, uint32_t family, uint64_t bytes) {
  if (read_only_) return {};
  return maintain(held, "limit", [=](const Maintenance& files) { return files.limit_write_buffer(family, bytes); });
}

Status Database::checkpoint(const Lease&, const std::string& path) {
  // Of a database that is open read-only RocksDB would make one without the rows that are in the WAL alone.
  if (Status refused = refuse_changes("checkpoint"); !refused.ok()) return refused;
  return make_checkpoint(*opened_->db, path);
}

Status Database::reclaim_space(uint32_t family_id, const KeyRange& range) {
  constexpr const char* kOperation = "give back space";
  Compactions::Reclaim reclaim(compactions_);
  if (!reclaim) return closed(kOperation);
  if (Status refused = refuse_changes(kOperation); !refused.ok()) return refused;
  Family family;
  if (Status status = families_.find(family_id, kOperation, &family); !status.ok()) return status;
  const rocksdb::Status status = reclaim.run(*opened_->db, family.get(), range);
  if (status.IsManualCompactionPaused() || status.IsShutdownInProgress()) return closed(kOperation);
  return from_rocksdb(status, kOperation, families_.subject(family));
}

Status Database::limit_background_writes(uint64_t bytes_per_second) {
  const Lease held = lease();
  if (!held) return closed("limit");
  // RocksDB divides by what it may write in 10 ms.
  constexpr uint64_t kLeastBytesPerSecond = 1 << 20;
  constexpr auto kMostBytesPerSecond = static_cast<uint64_t>(kUnlimitedBytesPerSecond);
  const uint64_t limit = bytes_per_second == 0
                             ? kMostBytesPerSecond
                             : std::clamp(bytes_per_second, kLeastBytesPerSecond, kMostBytesPerSecond);
  background_limit_->SetBytesPerSecond(static_cast<int64_t>(limit));
  return {};
}

// ── Closing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

void Database::begin_closing() {
  lifetime_.begin_closing();
  compactions_.cancel_reclaims();
  // RocksDB's own work looks whether it is to stop only between two portions of what it writes.
  background_limit_->SetBytesPerSecond(kUnlimitedBytesPerSecond);
}

Status Database::close() {
  begin_closing();
  writes_.kick();
  lifetime_.wait_for_leases();
  {
    const std::lock_guard transition(transition_mutex_);
    if (!is_closed_) {
      close_status_ = dispose();
      is_closed_ = true;
    }
  }
  join_threads();
  return close_status_;
}

Status Database::dispose() {
  writes_.drain();
  {
    const std::lock_guard lock(iterators_mutex_);
    for (Iterator* iterator : iterators_) iterator->close();
  }
  if (!opened_->db) {
    opened_->lock.release();
    return {};
  }
  if (writes_.is_broken()) return abandon_broken();

  rocksdb::DB& db = *opened_->db;
  // What was written without `sync` is with the operating system; closing in peace makes it durable.
  const rocksdb::Status synced = read_only_ ? rocksdb::Status::OK() : db.SyncWAL();
  const uint64_t last = db.GetLatestSequenceNumber();
  // A compaction that gives space back may wait for one of RocksDB's own, which ends early only for this.
  rocksdb::CancelAllBackgroundWork(&db, false);
  compactions_.wait_for_reclaims();
  families_.clear();
  const rocksdb::Status ended = db.Close();
  opened_->db.reset();
  Status marked;
  if (!read_only_ && synced.ok()) marked = opened_->watermark.note_durable(last);
  if (Status status = opened_->watermark.close(); marked.ok()) marked = std::move(status);
  const bool displaced = opened_->lock.is_displaced();
  opened_->lock.release();
  if (displaced) return failure(ErrorCode::kIoError, "close", path_, kDisplaced);
  Status status = from_rocksdb(synced.ok() ? ended : synced, "close", path_);
  return status.ok() ? marked : status;
}

// What an exception left behind inside RocksDB cannot be closed, and must not be opened beside it: it stays, locked,
// until the process ends.
Status Database::abandon_broken() {
  struct Remains {
    std::vector<Family> families;
    std::shared_ptr<OpenRocksdb> opened;
  };
  new Remains{.families = families_.all(), .opened = opened_};
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): leaking them is the point
  families_.clear();
  return failure(ErrorCode::kAborted, "close", path_, "an exception inside RocksDB left it unusable; end the process");
}

void Database::join_threads() {
  writes_.stop();
  reader_queue_.stop();
  maintenance_queue_.stop();
  reclaim_queue_.stop();
}

}  // namespace core
