#include "core/batch_format.h"

#include <string>

namespace core {

namespace {

constexpr size_t kHeaderBytes = 13;
enum Operation : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3 };

uint32_t read_u32(const uint8_t* at) {
  return uint32_t{at[0]} | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}

Status malformed(std::string_view path, size_t offset) {
  return {ErrorCode::kInvalidArgument,
          "write to " + std::string(path) + ": the batch is malformed at byte " + std::to_string(offset)};
}

Status append_records(std::span<const uint8_t> packed, const ColumnFamilyLookup& lookup, std::string_view path,
                      rocksdb::WriteBatch& batch) {
  uint32_t last_id = 0;
  rocksdb::ColumnFamilyHandle* family = nullptr;
  for (size_t at = 0; at < packed.size();) {
    if (packed.size() - at < kHeaderBytes) return malformed(path, at);
    const uint8_t* header = packed.data() + at;
    const uint32_t id = read_u32(header + 1);
    const size_t first_length = read_u32(header + 5);
    const size_t second_length = read_u32(header + 9);
    if (packed.size() - at - kHeaderBytes < first_length + second_length) return malformed(path, at);

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
    rocksdb::Status status;
    switch (header[0]) {
      case kPut:
        status = batch.Put(family, first, second);
        break;
      case kDelete:
        status = batch.Delete(family, first);
        break;
      case kDeleteRange:
        // RocksDB refuses such a range only once it stands in the WAL, which could then never be replayed.
        if (first.compare(second) > 0) {
          return {ErrorCode::kInvalidArgument,
                  "write in column family " + family->GetName() + ": a range to delete ends before it starts"};
        }
        status = batch.DeleteRange(family, first, second);
        break;
      default:
        return malformed(path, at);
    }
    if (!status.ok()) return from_rocksdb(status, "write in column family", family->GetName());
    at += kHeaderBytes + first_length + second_length;
  }
  return {};
}

}  // namespace

Status unpack_batch(std::span<const uint8_t> packed, const ColumnFamilyLookup& lookup, std::string_view path,
                    rocksdb::WriteBatch& batch) {
  batch.SetSavePoint();
  Status status;
  try {
    status = append_records(packed, lookup, path, batch);
  } catch (...) {  // out of memory: others of the group may stand in the batch already, and this one only in part
    (void)batch.RollbackToSavePoint();
    throw;
  }
  const rocksdb::Status restored = status.ok() ? batch.PopSavePoint() : batch.RollbackToSavePoint();
  if (status.ok() && !restored.ok()) return from_rocksdb(restored, "write to", path);
  return status;
}

}  // namespace core
