#include "core/salvage.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/file_keys.h"

namespace core {

namespace {

/** Opening the files for a piece takes its time, so a piece is large. */
constexpr size_t kPieceBytes = size_t{4} << 20;
constexpr size_t kPieceRows = 50'000;

constexpr char kValue = 0;
constexpr char kUntold = 1;
constexpr char kDamage = 2;

/** What there is at a key, or why that cannot be told. */
struct Found {
  rocksdb::Status status;
  std::string value;
};

/** The keys of a column family in all of its files and in the WAL. */
class AllKeys {
 public:
  AllKeys(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& family, const std::set<std::string>& in_wal,
          std::string_view from, std::vector<UnreadableKeys>* unreadable)
      : db_(db),
        family_(family),
        in_wal_(in_wal),
        wal_next_(in_wal.lower_bound(std::string(from))),
        unreadable_(*unreadable) {
    std::vector<rocksdb::LiveFileMetaData> files;
    db.GetLiveFilesMetaData(&files);
    const rocksdb::Options options = db.GetOptions(&family);
    for (rocksdb::LiveFileMetaData& file : files) {
      if (file.column_family_name != family.GetName()) continue;
      files_.push_back(std::make_unique<FileKeys>(std::move(file), options, from, unreadable));
    }
  }

  /** The lowest key of those that are left; none behind the last. */
  std::optional<std::string> key() const {
    std::optional<std::string> least;
    if (wal_next_ != in_wal_.end()) least = *wal_next_;
    for (const auto& file : files_) {
      if (file->key() && (!least || *file->key() < *least)) least = file->key();
    }
    return least;
  }

  /** What there is at `key`, the lowest. */
  Found find(const std::string& key) const {
    Found found;
    found.status = db_.Get(rocksdb::ReadOptions(), &family_, key, &found.value);
    const bool is_told = found.status.ok() || found.status.IsNotFound();
    return is_told || is_unreadable(key) ? found : find_in_files(key, std::move(found));
  }

  /** Goes on behind `key`, the lowest. */
  void pass(const std::string& key) {
    if (wal_next_ != in_wal_.end() && *wal_next_ == key) ++wal_next_;
    for (const auto& file : files_) {
      if (file->key() == key) file->next();
    }
  }

 private:
  /** What cannot be read before a key is known once the files are at it. */
  bool is_unreadable(const std::string& key) const {
    return std::ranges::any_of(unreadable_,
                               [&](const UnreadableKeys& keys) { return key >= keys.from && key < keys.to; });
  }

  /**
   * Where there are few files, RocksDB looks into each, also into those whose keys lie elsewhere, and fails for a
   * damage there. It has looked into the WAL first: what is there would have been found.
   */
  Found find_in_files(const std::string& key, Found failed) const {
    std::optional<FileKeys::Latest> last;
    for (const auto& file : files_) {
      if (file->may_delete_range_with(key)) return failed;
      if (file->key() != key) continue;
      std::optional<FileKeys::Latest> latest = file->latest();
      if (!latest) return failed;
      if (!last || latest->sequence > last->sequence) last = std::move(latest);
    }
    if (!last) return failed;
    if (!last->is_value) return {.status = rocksdb::Status::NotFound(), .value = {}};
    return {.status = rocksdb::Status::OK(), .value = std::move(last->value)};
  }

  rocksdb::DB& db_;
  rocksdb::ColumnFamilyHandle& family_;
  std::vector<std::unique_ptr<FileKeys>> files_;
  const std::set<std::string>& in_wal_;
  std::set<std::string>::const_iterator wal_next_;
  const std::vector<UnreadableKeys>& unreadable_;
};

/** The row that tells of `damage`. */
std::string damage_value(const UnreadableKeys& damage) {
  std::string value(1, kDamage);
  for (int shift = 0; shift < 32; shift += 8) {
    value.push_back(static_cast<char>((static_cast<uint32_t>(damage.to.size()) >> shift) & 0xff));
  }
  return value + damage.to + damage.reason;
}

}  // namespace

Status Salvage::read(uint32_t family_id, std::string_view from, PackedRows* rows) const {
  Family family;
  if (Status status = families_.find(family_id, "salvage", &family); !status.ok()) return status;
  const std::string subject = families_.subject(family);
  std::vector<UnreadableKeys> unreadable;
  AllKeys keys(db_, *family, replay_.keys_of(family_id), from, &unreadable);
  while (rows->count() < kPieceRows && rows->byte_length() < kPieceBytes) {
    const std::optional<std::string> key = keys.key();
    if (!key) break;
    auto [status, value] = keys.find(*key);
    keys.pass(*key);
    if (status.IsNotFound()) continue;
    if (status.IsMemoryLimit() || status.IsAborted()) return from_rocksdb(status, "salvage", subject);
    if (!status.ok()) value = status.ToString();
    value.insert(0, 1, status.ok() ? kValue : kUntold);
    if (!rows->append(*key, value)) return failure(ErrorCode::kAborted, "salvage", subject, "a record is too long");
  }
  for (const UnreadableKeys& damage : unreadable) (void)rows->append(damage.from, damage_value(damage));
  return {};
}

}  // namespace core
