#include "core/reader.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "core/file_keys.h"
#include "core/iterator.h"
#include "rocksdb/sst_file_reader.h"

namespace core {

namespace {

// RocksDB compares the level as an int. It would take one from 2^31 on for one that there is, and read past the last.
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

rocksdb::Status verify_blocks(const rocksdb::Options& options, const rocksdb::LiveFileMetaData& file) {
  rocksdb::SstFileReader reader(options);
  rocksdb::Status status = open_sst_file(file, &reader);
  if (!status.ok()) return status;
  rocksdb::ReadOptions once;
  once.fill_cache = false;
  once.readahead_size = size_t{2} << 20;
  return reader.VerifyChecksum(once);
}

}  // namespace

Status Reader::get(uint32_t family_id, std::string_view key, std::optional<std::string>* value) const {
  Family family;
  if (Status status = families_.find(family_id, "get", &family); !status.ok()) return status;
  std::string found;
  const rocksdb::Status status =
      db_.Get(rocksdb::ReadOptions(), family.get(), rocksdb::Slice(key.data(), key.size()), &found);
  if (status.IsNotFound()) {
    value->reset();
    return {};
  }
  if (!status.ok()) return from_rocksdb(status, "get from", families_.subject(family));
  *value = std::move(found);
  return {};
}

Status Reader::scan(uint32_t family_id, const ScanRange& range, PackedRows* rows) const {
  Family family;
  if (Status status = families_.find(family_id, "scan", &family); !status.ok()) return status;
  if (range.is_empty()) return {};

  const BoundedReadOptions bounds(range);
  const std::unique_ptr<rocksdb::Iterator> cursor(db_.NewIterator(bounds.get(), family.get()));
  if (range.reverse) {
    cursor->SeekToLast();
  } else {
    cursor->SeekToFirst();
  }
  constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  const PieceLimits limits{.rows = range.limit.value_or(kUnlimited), .bytes = range.max_bytes.value_or(kUnlimited)};
  return read_piece(*cursor, range.reverse, limits, families_.subject(family), rows);
}

Status Reader::read_run(uint32_t family_id, const ScanRange& range, const std::string& head, uint64_t page_bytes,
                        RunMemory* memory, size_t* needed) const {
  Family family;
  if (Status status = families_.find(family_id, "read", &family); !status.ok()) return status;
  const BoundedReadOptions bounds(range);
  const std::unique_ptr<rocksdb::Iterator> cursor(range.is_empty() ? rocksdb::NewEmptyIterator()
                                                                   : db_.NewIterator(bounds.get(), family.get()));
  cursor->SeekToFirst();
  CountedRun run(*cursor, range.lower.value_or(""), head, range.upper.value_or(""));
  return run.read(page_bytes, families_.subject(family), memory, needed);
}

Status Reader::property(const std::string& name, std::optional<uint32_t> family_id,
                        std::optional<std::string>* value) const {
  Family family;
  if (Status status = families_.find(family_id.value_or(0), "property", &family); !status.ok()) return status;

  value->reset();
  if (names_absent_level(name, db_.NumberLevels(family.get()))) return {};
  std::string text;
  if (db_.GetProperty(family.get(), name, &text)) {
    *value = std::move(text);
    return {};
  }
  // RocksDB gives some values only inside a map; one of them is named "<property of the map>/<key>".
  const size_t slash = name.find('/');
  std::map<std::string, std::string> entries;
  if (slash != std::string::npos && db_.GetMapProperty(family.get(), name.substr(0, slash), &entries)) {
    const auto found = entries.find(name.substr(slash + 1));
    if (found != entries.end()) *value = found->second;
  }
  return {};
}

Status Reader::bytes_in_files(uint32_t family_id, std::string_view lower, std::string_view upper,
                              uint64_t* bytes) const {
  Family family;
  if (Status status = families_.find(family_id, "measure", &family); !status.ok()) return status;
  *bytes = 0;
  if (lower >= upper) return {};
  const rocksdb::Range range(lower, upper);
  const rocksdb::Status status = db_.GetApproximateSizes(family.get(), &range, 1, bytes);
  return from_rocksdb(status, "measure", families_.subject(family));
}

std::vector<rocksdb::LiveFileMetaData> Reader::sst_files() const {
  std::vector<rocksdb::LiveFileMetaData> files;
  db_.GetLiveFilesMetaData(&files);
  return files;
}

Status Reader::verify_sst_file(const std::string& name) const {
  const auto find = [this, &name]() -> std::optional<rocksdb::LiveFileMetaData> {
    std::vector<rocksdb::LiveFileMetaData> files = sst_files();
    const auto found = std::ranges::find(files, name, &rocksdb::LiveFileMetaData::name);
    return found == files.end() ? std::nullopt : std::optional(std::move(*found));
  };
  const std::optional<rocksdb::LiveFileMetaData> file = find();
  if (!file) return {};
  const rocksdb::Status status = verify_blocks(db_.GetOptions(), *file);
  // A compaction may have removed it meanwhile.
  if (status.ok() || !find()) return {};
  return from_rocksdb(status, "verify", file->db_path + file->name);
}

uint64_t Reader::memtables_to_flush() const {
  uint64_t sum = 0;
  // RocksDB adds them up under one lock. It can fail for no property that it knows.
  db_.GetAggregatedIntProperty(rocksdb::DB::Properties::kNumImmutableMemTable, &sum);
  return sum;
}

}  // namespace core
