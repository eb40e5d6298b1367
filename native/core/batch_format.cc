#include "core/batch_format.h"

#include <string>

#include "core/little_endian.h"

namespace core {

namespace {

constexpr size_t kHeaderBytes = 13;
enum Operation : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3 };

Status malformed(std::string_view path, size_t offset) {
  return {ErrorCode::kInvalidArgument,
          "write to " + std::string(path) + ": the batch is malformed at byte " + std::to_string(offset)};
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
    if (operation < kPut || operation > kDeleteRange) return malformed(path, at);

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
    const rocksdb::Status taken = take(family, operation, first, second);
    if (!taken.ok()) return from_rocksdb(taken, "write in column family", family->GetName());
    at += kHeaderBytes + first_length + second_length;
  }
  return {};
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
                          default:
                            return batch.DeleteRange(family, first, second);
                        }
                      });
}

}  // namespace core
