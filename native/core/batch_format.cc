#include "core/batch_format.h"

#include <array>
#include <string>

#include "core/counted_run.h"
#include "core/little_endian.h"

namespace core {

namespace {

constexpr size_t kHeaderBytes = 13;
enum Operation : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3, kPutRun = 4 };

Status malformed(std::string_view path, size_t offset) {
  return {ErrorCode::kInvalidArgument,
          "write to " + std::string(path) + ": the batch is malformed at byte " + std::to_string(offset)};
}

/** Adds one to the u64 BE at the end of `key`. False where it was the largest. */
bool count_up(std::string& key) {
  for (size_t i = key.size(); i-- > key.size() - CountedRun::kCounterBytes;) {
    key[i] = static_cast<char>(static_cast<uint8_t>(key[i]) + 1);
    if (key[i] != 0) return true;
  }
  return false;
}

/** Hands each value of a run to `put(key, head, rest)`, while that is OK. False where the run is malformed. */
template <typename Put>
bool read_run(const rocksdb::Slice& first, const rocksdb::Slice& run, Put put) {
  constexpr size_t kLengthBytes = 4;
  // A long key would stand beside each of many short values.
  constexpr size_t kMaxKeyBytes = 255;
  if (first.size() < CountedRun::kCounterBytes || first.size() > kMaxKeyBytes || run.empty()) return false;
  const size_t head_end = 1 + static_cast<uint8_t>(run[0]);
  if (run.size() <= head_end) return false;
  const rocksdb::Slice head(run.data() + 1, head_end - 1);
  std::string key = first.ToString();
  for (size_t at = head_end; at < run.size();) {
    if (at > head_end && !count_up(key)) return false;
    if (run.size() - at < kLengthBytes) return false;
    const size_t length = load_u32(reinterpret_cast<const uint8_t*>(run.data()) + at);
    at += kLengthBytes;
    if (run.size() - at < length) return false;
    if (!put(rocksdb::Slice(key), head, rocksdb::Slice(run.data() + at, length)).ok()) return true;
    at += length;
  }
  return true;
}

bool is_run(const rocksdb::Slice& first, const rocksdb::Slice& run) {
  return read_run(first, run, [](const auto&, const auto&, const auto&) { return rocksdb::Status::OK(); });
}

/** Hands each record to `take(family, operation, first, second)`, until one is refused. */
template <typename Take>
Status read_records(std::span<const uint8_t> packed, const ColumnFamilyLookup& lookup, std::string_view path,
                    Take take) {
  uint32_t last_id = 0;
  rocksdb::ColumnFamilyHandle* family = nullptr;
  for (size_t at = 0; at < packed.size();) {
    if (packed.size() - at < kHeaderBytes) return malformed(path, at);
    const uint8_t* header = packed.data() + at;
    const uint8_t operation = header[0];
    const uint32_t id = load_u32(header + 1);
    const size_t first_length = load_u32(header + 5);
    const size_t second_length = load_u32(header + 9);
    if (packed.size() - at - kHeaderBytes < first_length + second_length) return malformed(path, at);
    if (operation < kPut || operation > kPutRun) return malformed(path, at);

    if (family == nullptr || id != last_id) {
      family = lookup(id);
      last_id = id;
    }
    if (family == nullptr) {
      return {ErrorCode::kColumnFamilyNotFound, "write to " + std::string(path) +
                                                    ": a record names a column family that was dropped (id " +
                                                    std::to_string(id) + ")"};
    }

    const auto* bytes = reinterpret_cast<const char*>(header + kHeaderBytes);
    const rocksdb::Slice first(bytes, first_length);
    const rocksdb::Slice second(bytes + first_length, second_length);
    // RocksDB refuses such a range only once it stands in the WAL, which could then never be replayed.
    if (operation == kDeleteRange && first.compare(second) > 0) {
      return {ErrorCode::kInvalidArgument,
              "write in column family " + family->GetName() + ": a range to delete ends before it starts"};
    }
    if (operation == kPutRun && !is_run(first, second)) return malformed(path, at);
    const rocksdb::Status taken = take(family, operation, first, second);
    if (!taken.ok()) return from_rocksdb(taken, "write in column family", family->GetName());
    at += kHeaderBytes + first_length + second_length;
  }
  return {};
}

rocksdb::Status put_run(rocksdb::ColumnFamilyHandle* family, const rocksdb::Slice& first, const rocksdb::Slice& run,
                        rocksdb::WriteBatch& batch) {
  rocksdb::Status status;
  read_run(first, run, [&](const rocksdb::Slice& key, const rocksdb::Slice& head, const rocksdb::Slice& rest) {
    const std::array<rocksdb::Slice, 2> value{head, rest};
    status = batch.Put(family, rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(value.data(), value.size()));
    return status;
  });
  return status;
}

}  // namespace

Status check_batch(std::span<const uint8_t> packed, const ColumnFamilyLookup& lookup, std::string_view path) {
  return read_records(packed, lookup, path,
                      [](auto*, uint8_t, const auto&, const auto&) { return rocksdb::Status::OK(); });
}

Status unpack_batch(std::span<const uint8_t> packed, const ColumnFamilyLookup& lookup, std::string_view path,
                    rocksdb::WriteBatch& batch) {
  return read_records(packed, lookup, path,
                      [&batch](rocksdb::ColumnFamilyHandle* family, uint8_t operation, const rocksdb::Slice& first,
                               const rocksdb::Slice& second) {
                        switch (operation) {
                          case kPut:
                            return batch.Put(family, first, second);
                          case kDelete:
                            return batch.Delete(family, first);
                          case kPutRun:
                            return put_run(family, first, second, batch);
                          default:
                            return batch.DeleteRange(family, first, second);
                        }
                      });
}

}  // namespace core
