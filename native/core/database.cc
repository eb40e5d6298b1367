#include "core/database.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <system_error>
#include <thread>

#include "core/iterator.h"
#include "core/paged_read.h"
#include "rocksdb/convenience.h"
#include "rocksdb/rate_limiter.h"
#include "rocksdb/utilities/checkpoint.h"

namespace core {

namespace {

constexpr size_t kBlockCacheBytes = 64ULL << 20;
constexpr size_t kReaderThreads = 2;
constexpr size_t kMaintenanceThreads = 1;
constexpr size_t kReclaimerThreads = 1;
constexpr int kReadOnlyAttempts = 30;

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

/** The name and the size of a database's MANIFEST: every flush and every compaction adds to it, or starts another. */
std::string manifest_state(const std::filesystem::path& folder) {
  std::string name;
  std::ifstream(folder / "CURRENT") >> name;
  std::error_code failed;
  return name + " " + std::to_string(std::filesystem::file_size(folder / name, failed));
}

/** RocksDB compares the level as an int: it would take one from 2^31 on for one that there is, and read past the last.
 */
bool names_absent_level(std::string_view property, int levels) {
  constexpr std::string_view kAtLevel = "-at-level";
  const size_t at = property.find(kAtLevel);
  if (at == std::string_view::npos) return false;
  const std::string_view digits = property.substr(at + kAtLevel.size());
  uint64_t level = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), level);
  return parsed.ec == std::errc::result_out_of_range ||
         (parsed.ec == std::errc() && std::cmp_greater_equal(level, levels));
}

}  // namespace

std::shared_ptr<Database> Database::create(std::string path, WriteQueue::Settle settle_writes) {
  return std::shared_ptr<Database>(new Database(std::move(path), std::move(settle_writes)));
}

Database::Database(std::string path, WriteQueue::Settle settle_writes)
    : path_(std::move(path)),
      settle_writes_(std::move(settle_writes)),
      writes_(lifetime_,
              [this](uint32_t id) -> Family {
                const std::lock_guard lock(families_mutex_);
                const auto found = families_.find(id);
                return found == families_.end() ? nullptr : found->second;
              }),
      readers_(kReaderThreads),
      maintenance_(kMaintenanceThreads),
      reclaimers_(kReclaimerThreads) {}

Database::~Database() { (void)close(); }

// ── Opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Status Database::open(const OpenConfig& config) {
  const std::lock_guard transition(transition_mutex_);
  Status status;
  try {
    status = config.read_only ? open_beside_writer(config) : open_rocksdb(config);
  } catch (const std::exception& error) {  // out of memory, or of threads
    status = {ErrorCode::kAborted, "open " + path_ + ": " + error.what()};
  }
  if (status.ok()) {
    if (lifetime_.begin()) return {};
    status = closed("open");
  }
  begin_closing();
  (void)dispose();
  is_closed_ = true;
  return status;
}

// A writer elsewhere may flush or compact after RocksDB has read the MANIFEST here, and before it has read the files
// that are named there. They may be gone by then, which looks like damage; or a WAL is gone whose rows are in a new
// file, and these rows are missing without a word. So an opening counts only if the MANIFEST was the same before and
// after it.
Status Database::open_beside_writer(const OpenConfig& config) {
  for (int attempt = 1; attempt <= kReadOnlyAttempts; ++attempt) {
    const std::string before = manifest_state(path_);
    Status status = open_rocksdb(config);
    if (manifest_state(path_) == before) return status;
    {
      const std::lock_guard lock(families_mutex_);
      families_.clear();
    }
    db_.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(attempt));
  }
  return {ErrorCode::kBusy, "open " + path_ + ": a writer changed its files during each of " +
                                std::to_string(kReadOnlyAttempts) + " attempts; try again"};
}

Status Database::open_rocksdb(const OpenConfig& config) {
  namespace fs = std::filesystem;
  read_only_ = config.read_only;
  block_cache_ = rocksdb::NewLRUCache(kBlockCacheBytes);

  std::error_code failed;
  const auto io_error = [&](const char* what) -> Status {
    return {ErrorCode::kIoError, "open " + path_ + ": " + what + failed.message()};
  };
  if (config.read_only || !config.create_if_missing) {
    const bool exists = fs::exists(fs::path(path_) / "CURRENT", failed);
    if (failed) return io_error("");
    if (!exists) return {ErrorCode::kNotFound, "open " + path_ + ": there is no database here"};
  } else {
    // Not asked for a link to a folder: some versions of the library refuse that.
    if (!fs::is_directory(path_, failed)) fs::create_directories(path_, failed);
    if (failed) return io_error("cannot create the folder: ");
  }
  // RocksDB tells the lock files of one process apart by the spelling of their path alone: without this, two spellings
  // of one folder would open it twice.
  const std::string canonical = fs::canonical(path_, failed).string();
  if (failed) return io_error("");
  if (!config.read_only && !folder_lock_.acquire(canonical)) {
    return {ErrorCode::kLocked, "open " + path_ + ": " + kLockedElsewhere};
  }
  // Only now, when nobody else can be about to create it.
  const bool exists = fs::exists(fs::path(canonical) / "CURRENT", failed);
  if (failed) return io_error("");
  if (!exists) {
    // RocksDB would begin a new database here. It refuses because of an old WAL, but only once CURRENT is written: the
    // next attempt finds that, and deletes what was there.
    fs::directory_iterator entry(canonical, failed);
    for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
      const fs::path& file = entry->path();
      if (file.extension() != ".sst" && file.extension() != ".log") continue;
      return {ErrorCode::kCorruption, "open " + path_ + ": there is " + file.filename().string() +
                                          " but no CURRENT, which names the database's files"};
    }
    if (failed) return io_error("");
  }

  const rocksdb::DBOptions options = db_options(config, background_limit_);
  std::vector<std::string> on_disk{rocksdb::kDefaultColumnFamilyName};
  if (exists) {
    const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, canonical, &on_disk);
    if (!listed.ok()) return from_rocksdb(listed, "open", path_);
  }

  std::map<std::string, ColumnFamilyConfig> wanted;
  for (const std::string& name : on_disk) wanted.try_emplace(name, ColumnFamilyConfig{name, std::nullopt});
  std::vector<ColumnFamilyConfig> missing;
  for (const ColumnFamilyConfig& family : config.column_families) {
    const auto found = wanted.find(family.name);
    if (found != wanted.end()) {
      found->second = family;
    } else if (config.read_only || !config.create_missing_column_families) {
      return {ErrorCode::kColumnFamilyNotFound, "open " + path_ + ": there is no column family named " + family.name};
    } else {
      missing.push_back(family);
    }
  }

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(wanted.size());
  for (const auto& [name, family] : wanted) {
    descriptors.emplace_back(name, column_family_options(family, block_cache_));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = config.read_only
                                     ? rocksdb::DB::OpenForReadOnly(options, canonical, descriptors, &handles, &db)
                                     : rocksdb::DB::Open(options, canonical, descriptors, &handles, &db);
  if (!opened.ok()) return from_rocksdb(opened, "open", path_);
  db_.reset(db);
  writes_.open(db, config.max_queued_bytes, settle_writes_);
  for (rocksdb::ColumnFamilyHandle* handle : handles) add_family(handle);

  for (const ColumnFamilyConfig& family : missing) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    const rocksdb::Status created =
        db->CreateColumnFamily(column_family_options(family, block_cache_), family.name, &handle);
    if (!created.ok()) return from_rocksdb(created, "create column family", family.name);
    add_family(handle);
  }
  return {};
}

void Database::add_family(rocksdb::ColumnFamilyHandle* handle) {
  Family family(handle,
                [db = db_.get()](rocksdb::ColumnFamilyHandle* held) { (void)db->DestroyColumnFamilyHandle(held); });
  const std::lock_guard lock(families_mutex_);  // while opening too: `column_families` asks for no lease
  families_.emplace(handle->GetID(), std::move(family));
}

// ── Leases and column families ───────────────────────────────────────────────────────────────────────────────────────

Database::Lease Database::lease() { return lifetime_.acquire() ? Lease(shared_from_this()) : Lease(); }

Status Database::closed(std::string_view operation) const {
  return {ErrorCode::kClosed, std::string(operation) + " " + path_ + ": the database is closed"};
}

Status Database::find_family(uint32_t id, std::string_view operation, Family* family) const {
  const std::lock_guard lock(families_mutex_);
  const auto found = families_.find(id);
  if (found == families_.end()) {
    return {ErrorCode::kColumnFamilyNotFound, std::string(operation) + " in " + path_ +
                                                  ": the column family was dropped (id " + std::to_string(id) + ")"};
  }
  *family = found->second;
  return {};
}

std::string Database::subject(const Family& family) const {
  return "column family " + family->GetName() + " of " + path_;
}

Status Database::refuse_if_read_only(std::string_view operation) const {
  if (!read_only_) return {};
  return {ErrorCode::kReadOnly, std::string(operation) + " " + path_ + ": the database is open read-only"};
}

std::vector<std::pair<std::string, uint32_t>> Database::column_families() const {
  const std::lock_guard lock(families_mutex_);
  std::vector<std::pair<std::string, uint32_t>> names;
  names.reserve(families_.size());
  for (const auto& [id, family] : families_) names.emplace_back(family->GetName(), id);
  return names;
}

bool Database::has_family(const std::string& name) const {
  const std::lock_guard lock(families_mutex_);
  return dropping_.contains(name) ||
         std::ranges::any_of(families_, [&](const auto& entry) { return entry.second->GetName() == name; });
}

Status Database::create_column_family(const ColumnFamilyConfig& config, FamilyCreated done) {
  auto held = std::make_shared<Lease>(lease());
  if (!*held) return closed("create a column family in");
  if (Status refused = refuse_if_read_only("create a column family in"); !refused.ok()) return refused;
  writes_.post_exclusive([this, held, config, done = std::move(done)] {
    if (has_family(config.name)) {
      done({ErrorCode::kColumnFamilyExists, "create column family " + config.name + " in " + path_ + ": it exists"}, 0);
      return;
    }
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    const rocksdb::Status created =
        db_->CreateColumnFamily(column_family_options(config, block_cache_), config.name, &handle);
    if (!created.ok()) {
      done(from_rocksdb(created, "create column family", config.name), 0);
      return;
    }
    const uint32_t id = handle->GetID();
    add_family(handle);
    done({}, id);
  });
  return {};
}

Status Database::drop_column_family(const std::string& name, FamilyDropped done) {
  auto held = std::make_shared<Lease>(lease());
  if (!*held) return closed("drop a column family of");
  if (Status refused = refuse_if_read_only("drop a column family of"); !refused.ok()) return refused;
  if (name == rocksdb::kDefaultColumnFamilyName) {
    return {ErrorCode::kInvalidArgument, "drop column family default of " + path_ + ": this one cannot be dropped"};
  }
  Family family;
  {
    const std::lock_guard lock(families_mutex_);
    for (auto entry = families_.begin(); entry != families_.end(); ++entry) {
      if (entry->second->GetName() == name) {
        dropping_.insert(name);
        family = std::move(entry->second);
        families_.erase(entry);
        break;
      }
    }
  }
  if (!family) {
    return {ErrorCode::kColumnFamilyNotFound, "drop column family " + name + " of " + path_ + ": there is none"};
  }
  writes_.post_exclusive([this, held, family = std::move(family), name, done = std::move(done)]() mutable {
    const rocksdb::Status dropped = db_->DropColumnFamily(family.get());
    {
      const std::lock_guard lock(families_mutex_);
      dropping_.erase(name);
      if (!dropped.ok()) families_.emplace(family->GetID(), family);
    }
    family.reset();  // before the lease
    done(from_rocksdb(dropped, "drop column family", name));
  });
  return {};
}

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Status Database::get(const Lease&, uint32_t family_id, std::string_view key, std::optional<std::string>* value) {
  Family family;
  if (Status status = find_family(family_id, "get", &family); !status.ok()) return status;
  std::string found;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family.get(), slice(key), &found);
  if (status.IsNotFound()) {
    value->reset();
    return {};
  }
  if (!status.ok()) return from_rocksdb(status, "get from", subject(family));
  *value = std::move(found);
  return {};
}

Status Database::scan(const Lease&, uint32_t family_id, const ScanRange& range, PackedRows* rows) {
  Family family;
  if (Status status = find_family(family_id, "scan", &family); !status.ok()) return status;
  if (range.is_empty()) return {};

  const BoundedReadOptions bounds(range);
  const std::unique_ptr<rocksdb::Iterator> cursor(db_->NewIterator(bounds.get(), family.get()));
  if (range.reverse) {
    cursor->SeekToLast();
  } else {
    cursor->SeekToFirst();
  }
  constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  const PieceLimits limits{.rows = range.limit.value_or(kUnlimited), .bytes = range.max_bytes.value_or(kUnlimited)};
  return read_piece(*cursor, range.reverse, limits, subject(family), rows);
}

Status Database::read_behind_writes(uint32_t family_id, ScanRange range, uint64_t page_bytes, TakePage take) {
  Lease held = lease();
  if (!held) return closed("read from");
  Family family;
  if (Status status = find_family(family_id, "read", &family); !status.ok()) return status;
  std::string name = subject(family);
  auto read = std::make_shared<PagedRead>(
      PagedRead::Subject{.lease = std::move(held), .family = std::move(family), .name = std::move(name)},
      std::move(range), page_bytes, std::move(take));
  writes_.post_behind_writes([this, read] {
    try {
      read->fix_moment(*db_);
      readers_.post([read] { read->run(); });
    } catch (const std::exception& error) {  // out of memory, or of threads
      read->fail(error);
    }
  });
  return {};
}

Status Database::property(const std::string& name, std::optional<uint32_t> family_id,
                          std::optional<std::string>* value) {
  const Lease held = lease();
  if (!held) return closed("read a property of");
  Family family;
  if (Status status = find_family(family_id.value_or(0), "property", &family); !status.ok()) return status;

  value->reset();
  if (names_absent_level(name, db_->NumberLevels(family.get()))) return {};
  std::string text;
  if (db_->GetProperty(family.get(), name, &text)) {
    *value = std::move(text);
    return {};
  }
  // RocksDB gives some values only inside a map; one of them is named "<property of the map>/<key>".
  const size_t slash = name.find('/');
  std::map<std::string, std::string> entries;
  if (slash != std::string::npos && db_->GetMapProperty(family.get(), name.substr(0, slash), &entries)) {
    const auto found = entries.find(name.substr(slash + 1));
    if (found != entries.end()) *value = found->second;
  }
  return {};
}

// ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Status Database::write(std::span<const uint8_t> packed, bool sync) {
  const Lease held = lease();
  if (!held) return closed("write to");
  if (Status refused = refuse_if_read_only("write to"); !refused.ok()) return refused;
  return writes_.write_now(packed, sync);
}

Status Database::write_later(std::span<const uint8_t> packed, const WriteQueue::Terms& terms,
                             WriteQueue::Admission* admission) {
  const Lease held = lease();
  if (!held) return closed("write to");
  if (Status refused = refuse_if_read_only("write to"); !refused.ok()) return refused;
  return writes_.write(packed, terms, admission);
}

Status Database::check_write(std::span<const uint8_t> packed) {
  const Lease held = lease();
  if (!held) return closed("write to");
  if (Status refused = refuse_if_read_only("write to"); !refused.ok()) return refused;
  const std::lock_guard lock(families_mutex_);
  const ColumnFamilyLookup lookup = [this](uint32_t id) -> rocksdb::ColumnFamilyHandle* {
    const auto found = families_.find(id);
    return found == families_.end() ? nullptr : found->second.get();
  };
  return check_batch(packed, lookup, db_->GetName());
}

// ── Maintenance ──────────────────────────────────────────────────────────────────────────────────────────────────────

Status Database::flush(const Lease&) {
  if (Status refused = refuse_if_read_only("flush"); !refused.ok()) return refused;
  std::vector<Family> families;
  {
    const std::lock_guard lock(families_mutex_);
    for (const auto& [id, family] : families_) families.push_back(family);
  }
  for (const Family& family : families) {
    const rocksdb::Status status = db_->Flush(rocksdb::FlushOptions(), family.get());
    // One that was dropped meanwhile has nothing left to flush.
    if (!status.ok() && !status.IsColumnFamilyDropped()) return from_rocksdb(status, "flush", subject(family));
  }
  return {};
}

Status Database::compact_range(const Lease&, uint32_t family_id, const KeyRange& range) {
  if (Status refused = refuse_if_read_only("compact"); !refused.ok()) return refused;
  Family family;
  if (Status status = find_family(family_id, "compact", &family); !status.ok()) return status;
  return from_rocksdb(compactions_.compact(*db_, family.get(), range), "compact", subject(family));
}

Status Database::reclaim_space(uint32_t family_id, const KeyRange& range) {
  constexpr const char* kOperation = "give back space";
  Compactions::Reclaim reclaim(compactions_);
  if (!reclaim) return closed(kOperation);
  if (Status refused = refuse_if_read_only(kOperation); !refused.ok()) return refused;
  Family family;
  if (Status status = find_family(family_id, kOperation, &family); !status.ok()) return status;
  const rocksdb::Status status = reclaim.run(*db_, family.get(), range);
  if (status.IsManualCompactionPaused()) return closed(kOperation);
  return from_rocksdb(status, kOperation, subject(family));
}

Status Database::limit_write_buffer(const Lease&, uint32_t family_id, uint64_t bytes) {
  Family family;
  if (Status status = find_family(family_id, "limit", &family); !status.ok()) return status;
  if (read_only_ || db_->GetOptions(family.get()).write_buffer_size <= bytes) return {};
  constexpr uint64_t kLeastBytes = 64 << 10;
  const std::string limit = std::to_string(std::max(bytes, kLeastBytes));
  // A third memtable: a flush that somebody else asks for must not be the one too many that stops all writes.
  const rocksdb::Status status =
      db_->SetOptions(family.get(), {{"write_buffer_size", limit}, {"max_write_buffer_number", "3"}});
  return from_rocksdb(status, "limit", subject(family));
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

Status Database::checkpoint(const Lease&, const std::string& path) {
  // RocksDB would make one, without the rows that are in the WAL alone.
  if (Status refused = refuse_if_read_only("checkpoint"); !refused.ok()) return refused;
  rocksdb::Checkpoint* created = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &created);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  if (status.ok()) status = checkpoint->CreateCheckpoint(path);
  return from_rocksdb(status, "checkpoint to", path);
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
  if (!db_) {
    folder_lock_.release();
    return {};
  }

  if (writes_.is_broken()) {
    // What an exception left behind cannot be closed, and must not be opened beside it: it stays until the process
    // ends.
    const std::lock_guard lock(families_mutex_);
    struct Remains {
      std::unordered_map<uint32_t, Family> families;
      std::unique_ptr<rocksdb::DB> db;
    };
    new Remains{.families = std::exchange(families_, {}), .db = std::move(db_)};
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): leaking them is the point
    return {ErrorCode::kAborted, "close " + path_ + ": an exception inside RocksDB left it unusable; end the process"};
  }

  // What was written without `sync` is with the operating system; closing in peace makes it durable.
  const rocksdb::Status synced = read_only_ ? rocksdb::Status::OK() : db_->SyncWAL();
  // A compaction that gives space back may wait for one of RocksDB's own, which ends early only for this.
  rocksdb::CancelAllBackgroundWork(db_.get(), false);
  compactions_.wait_for_reclaims();
  {
    const std::lock_guard lock(families_mutex_);
    families_.clear();
  }
  const rocksdb::Status ended = db_->Close();
  db_.reset();
  folder_lock_.release();
  return from_rocksdb(synced.ok() ? ended : synced, "close", path_);
}

void Database::join_threads() {
  writes_.stop();
  readers_.stop();
  maintenance_.stop();
  reclaimers_.stop();
}

}  // namespace core
