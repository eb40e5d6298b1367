#include "core/opening.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/durable_file_system.h"
#include "core/evidence.h"
#include "core/locked_file_system.h"
#include "core/sync_path.h"
#include "core/wal_file_system.h"
#include "core/watched_file_system.h"

namespace core {

namespace fs = std::filesystem;

namespace {

constexpr size_t kBlockCacheBytes = 64ULL << 20;
constexpr int kReadOnlyAttempts = 30;

Status io_error(const std::string& path, const std::string& what, const std::error_code& error) {
  return from_errno(error.value(), "open", path, what);
}

/** The name and the size of a database's MANIFEST: every flush and every compaction adds to it, or starts another. */
std::string manifest_state(const fs::path& folder) {
  std::string name;
  std::ifstream(folder / "CURRENT") >> name;
  std::error_code failed;
  return name + " " + std::to_string(fs::file_size(folder / name, failed));
}

/** There is no database, or none any more. */
Status judge_empty(const std::string& path, const std::string& canonical) {
  std::optional<Mark> mark;
  if (Status status = Watermark::read(canonical, &mark); !status.ok()) return status;
  if (!mark || (mark->sequence == 0 && mark->manifest_number == 0)) return {};
  return failure(ErrorCode::kCorruption, "open", path,
                 std::string("there is a ") + kWatermarkName + " but no CURRENT, which names the database's files");
}

/** Refuses a folder with files of a database that lacks the one which names them. */
Status look_for_database(const std::string& path, const std::string& canonical, bool* exists) {
  std::error_code failed;
  *exists = fs::exists(fs::path(canonical) / "CURRENT", failed);
  if (!failed && !*exists) {
    // RocksDB would begin a new database here. It refuses because of an old WAL, but only once CURRENT is written: the
    // next attempt finds that, and deletes what was there.
    fs::directory_iterator entry(canonical, failed);
    for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
      const fs::path& file = entry->path();
      if (file.extension() != ".sst" && file.extension() != ".log") continue;
      return failure(ErrorCode::kCorruption, "open", path,
                     "there is " + file.filename().string() + " but no CURRENT, which names the database's files");
    }
    if (!failed) return judge_empty(path, canonical);
  }
  return failed ? io_error(path, "cannot look into the folder", failed) : Status{};
}

Status find_database(const std::string& path, const std::string& canonical, const OpenConfig& config) {
  bool exists = false;
  Status status = look_for_database(path, canonical, &exists);
  if (status.code == ErrorCode::kCorruption) {
    // What its files are is found out without CURRENT. Or somebody was about to make it.
    std::error_code failed;
    if (config.tolerate_damage || fs::exists(fs::path(canonical) / "CURRENT", failed)) return {};
  }
  if (!status.ok() || exists) return status;
  return failure(ErrorCode::kNotFound, "open", path, "there is no database here");
}

/** The bytes of the watermark: a writer changes them behind each fsync. */
std::string watermark_state(const fs::path& folder) {
  std::ifstream file(folder / kWatermarkName, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/** `canonical` is the one spelling of `path` that all who open this folder agree on. */
Status find_folder(const std::string& path, const OpenConfig& config, std::string* canonical) {
  std::error_code failed;
  const bool must_exist = config.read_only || !config.create_if_missing;
  if (must_exist) {
    // A file is not one either.
    const bool exists = fs::exists(fs::path(path) / ".", failed);
    if (failed) return io_error(path, "cannot look into the folder", failed);
    if (!exists) return failure(ErrorCode::kNotFound, "open", path, "there is no database here");
  } else {
    const int error = make_folders(path);
    if (error != 0) return from_errno(error, "open", path, "cannot create the folder");
  }
  *canonical = fs::canonical(path, failed).string();
  if (failed) return io_error(path, "cannot find the folder", failed);
  return must_exist ? find_database(path, *canonical, config) : Status{};
}

Status open_in(const std::string& path, const std::string& canonical, bool exists, const OpenConfig& config,
               const rocksdb::DBOptions& options, OpenRocksdb* opened, ColumnFamilies* families) {
  std::vector<std::string> on_disk{rocksdb::kDefaultColumnFamilyName};
  if (exists) {
    const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, canonical, &on_disk);
    if (!listed.ok()) return from_rocksdb(listed, "open", path);
  }

  std::map<std::string, ColumnFamilyConfig> wanted;
  for (const std::string& name : on_disk) wanted.try_emplace(name, ColumnFamilyConfig{name, std::nullopt});
  std::vector<ColumnFamilyConfig> missing;
  for (const ColumnFamilyConfig& family : config.column_families) {
    const auto found = wanted.find(family.name);
    if (found != wanted.end()) {
      found->second = family;
    } else if (config.read_only || !config.create_missing_column_families) {
      return failure(ErrorCode::kColumnFamilyNotFound, "open", path, "there is no column family named " + family.name);
    } else {
      missing.push_back(family);
    }
  }

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(wanted.size());
  for (const auto& [name, family] : wanted) {
    descriptors.emplace_back(name, column_family_options(family, opened->block_cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::unique_ptr<rocksdb::DB>& db = opened->db;
  const rocksdb::Status status = config.read_only
                                     ? rocksdb::DB::OpenForReadOnly(options, canonical, descriptors, &handles, &db)
                                     : rocksdb::DB::Open(options, canonical, descriptors, &handles, &db);
  if (!status.ok()) return from_rocksdb(status, "open", path);
  for (rocksdb::ColumnFamilyHandle* handle : handles) families->add(own(*db, handle));
  if (missing.empty()) return {};

  std::vector<Family> created;
  Status all_created = create_column_families(*opened, missing, &created);
  for (Family& family : created) families->add(std::move(family));
  return all_created;
}

/** Refuses a database that has lost something; or tells what it is opened without. */
Status judge(const std::string& path, const OpenConfig& config, Inspection inspection, OpenRocksdb* opened) {
  if (inspection.findings.empty()) return {};
  if (!config.recover_what_is_there) {
    return failure(ErrorCode::kCorruption, "open", path,
                   "the database is damaged. " + describe(inspection) +
                       ". Nothing was changed. See docs/damage.md, and run `omnipaxos-rocksdb verify`");
  }
  opened->recovered = Recovered{.inspection = std::move(inspection), .evidence = ""};
  return {};
}

Status open_to_write(const std::string& path, const std::string& canonical, const OpenConfig& config,
                     const std::shared_ptr<rocksdb::RateLimiter>& background_limit, OpenRocksdb* opened,
                     ColumnFamilies* families) {
  if (Status refused = opened->lock.acquire(canonical, path, FolderLock::Purpose::kWrite); !refused.ok())
    return refused;
  const auto view = std::make_shared<RecoveryView>();
  const auto files = watched_file_system(durable_file_system(wal_file_system(view)), opened->watermark);
  opened->environment = locked_environment(opened->lock, files);
  // Only now, when nobody else can be about to create it.
  bool exists = false;
  if (Status status = look_for_database(path, canonical, &exists); !status.ok()) return status;
  // Whoever has made the folder: what is synced in it would go with its name.
  const int error = exists ? 0 : sync_name(canonical);
  if (error != 0) return from_errno(error, "open", path, "cannot sync the folder above it");
  Inspection inspection;
  Status status;
  if (exists) status = inspect(canonical, FilesBy::kCurrent, &inspection);
  if (!status.ok()) return status;
  const Mark mark = inspection.mark.value_or(Mark());
  const uint64_t end = inspection.last_sequence;
  view->begin(inspection);
  if (status = judge(path, config, std::move(inspection), opened); !status.ok()) return status;
  if (opened->recovered) status = keep_evidence(canonical, path, &opened->recovered->evidence);
  if (status.ok()) status = opened->watermark.open(canonical, path, mark, end);
  if (!status.ok()) return status;

  rocksdb::DBOptions options = db_options(config, background_limit);
  options.env = opened->environment.get();
  if (status = open_in(path, canonical, exists, config, options, opened, families); !status.ok()) return status;
  view->end();
  return opened->watermark.follow([db = opened->db.get()] { return db->GetLatestSequenceNumber(); });
}

/** What an opening that tolerates damage does without, and how far it replays. */
void tolerate_damage(rocksdb::DBOptions* options, OpenRocksdb* opened) {
  opened->replay = std::make_unique<ConnectedReplay>();
  options->wal_filter = opened->replay.get();
  options->paranoid_checks = false;
}

// A writer elsewhere may flush or compact after RocksDB has read the MANIFEST here, and before it has read the files
// that are named there. They may be gone by then, which looks like damage; or a WAL is gone whose rows are in a new
// file, and these rows are missing without a word. So an opening counts only if the MANIFEST was the same before and
// after it.
Status open_beside_writer(const std::string& path, const std::string& canonical, const OpenConfig& config,
                          const std::shared_ptr<rocksdb::RateLimiter>& background_limit, OpenRocksdb* opened,
                          ColumnFamilies* families) {
  if (config.keep_writers_out) {
    if (Status refused = opened->lock.acquire(canonical, path, FolderLock::Purpose::kRead); !refused.ok()) {
      return refused;
    }
  }
  const auto view = std::make_shared<RecoveryView>();
  opened->environment = rocksdb::NewCompositeEnv(view);
  rocksdb::DBOptions options = db_options(config, background_limit);
  options.env = opened->environment.get();
  const FilesBy files_by = config.tolerate_damage ? FilesBy::kAnyManifest : FilesBy::kCurrent;
  for (int attempt = 1; attempt <= kReadOnlyAttempts; ++attempt) {
    const std::string before = manifest_state(canonical);
    const std::string marked = watermark_state(canonical);
    if (config.tolerate_damage) tolerate_damage(&options, opened);
    Inspection inspection;
    Status status = inspect(canonical, files_by, &inspection);
    if (status.ok()) {
      view->begin(inspection);
      status = judge(path, config, std::move(inspection), opened);
    }
    if (status.ok()) status = open_in(path, canonical, true, config, options, opened, families);
    view->end();
    // What was written and synced while a WAL was read may be seen without what came before it. Then the writer has
    // told so: what is durable passes what was read only if it was not durable yet when the reading began.
    const bool is_alarm = status.code == ErrorCode::kCorruption && attempt < kReadOnlyAttempts;
    const bool is_settled = !is_alarm || watermark_state(canonical) == marked;
    if (is_settled && manifest_state(canonical) == before) return status;
    families->clear();
    opened->db.reset();
    opened->recovered.reset();
    std::this_thread::sleep_for(std::chrono::milliseconds(attempt));
  }
  return failure(
      ErrorCode::kBusy, "open", path,
      "a writer changed its files during each of " + std::to_string(kReadOnlyAttempts) + " attempts; try again");
}

}  // namespace

Status open_rocksdb(const std::string& path, const OpenConfig& config,
                    const std::shared_ptr<rocksdb::RateLimiter>& background_limit, OpenRocksdb* opened,
                    ColumnFamilies* families) {
  opened->block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  std::string canonical;
  Status status = find_folder(path, config, &canonical);
  if (status.ok()) {
    const auto open = config.read_only ? open_beside_writer : open_to_write;
    status = open(path, canonical, config, background_limit, opened, families);
  }
  if (status.ok()) return status;
  families->clear();
  opened->db.reset();
  (void)opened->watermark.close();
  opened->lock.release();
  return status;
}

Status create_column_families(const OpenRocksdb& opened, const std::vector<ColumnFamilyConfig>& wanted,
                              std::vector<Family>* created) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(wanted.size());
  for (const ColumnFamilyConfig& family : wanted) {
    descriptors.emplace_back(family.name, column_family_options(family, opened.block_cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status = opened.db->CreateColumnFamilies(descriptors, &handles);
  for (rocksdb::ColumnFamilyHandle* handle : handles) created->push_back(own(*opened.db, handle));
  // All are there, and a later open will find them: that the file of the options could not be written harms nobody.
  if (handles.size() == wanted.size()) return {};
  return from_rocksdb(status, "create column family", wanted[handles.size()].name);
}

}  // namespace core
