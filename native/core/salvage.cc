#include "core/salvage.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
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

/** The keys of a column family in all of its files and in the WAL. */
class AllKeys {
 public:
  AllKeys(rocksdb::DB& db, rocksdb::ColumnFamilyHandle& family, const std::set<std::string>& in_wal,
          std::string_view from, std::vector<UnreadableKeys>* unreadable)
      : in_wal_(in_wal), wal_next_(in_wal.lower_bound(std::string(from))) {
    std::vector<rocksdb::LiveFileMetaData> files;
    db.GetLiveFilesMetaData(&files);
    const rocksdb::Options options = db.GetOptions(&family);
    for (rocksdb::LiveFileMetaData& file : files) {
      if (file.column_family_name != family.GetName()) continue;
      files_.push_back(std::make_unique<FileKeys>(std::move(file), options, from, unreadable));
    }
  }

  /** The next key, each once. */
  std::optional<std::string> take() {
    std::optional<std::string> least;
    if (wal_next_ != in_wal_.end()) least = *wal_next_;
    for (const auto& file : files_) {
      if (file->key() && (!least || *file->key() < *least)) least = file->key();
    }
    if (!least) return least;
    if (wal_next_ != in_wal_.end() && *wal_next_ == *least) ++wal_next_;
    for (const auto& file : files_) {
      if (file->key() == least) file->next();
    }
    return least;
  }

 private:
  std::vector<std::unique_ptr<FileKeys>> files_;
  const std::set<std::string>& in_wal_;
  std::set<std::string>::const_iterator wal_next_;
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
    const std::optional<std::string> key = keys.take();
    if (!key) break;
    std::string value;
    const rocksdb::Status found = db_.Get(rocksdb::ReadOptions(), family.get(), *key, &value);
    if (found.IsNotFound()) continue;
    if (found.IsMemoryLimit() || found.IsAborted()) return from_rocksdb(found, "salvage", subject);
    value.insert(0, 1, found.ok() ? kValue : kUntold);
    if (!found.ok()) value += found.ToString();
    if (!rows->append(*key, value)) return failure(ErrorCode::kAborted, "salvage", subject, "a record is too long");
  }
  for (const UnreadableKeys& damage : unreadable) (void)rows->append(damage.from, damage_value(damage));
  return {};
}

}  // namespace core
