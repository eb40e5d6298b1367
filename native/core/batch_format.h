// A batch of writes as binding/write-batch.ts packs it: records one after another, each
//
//   | field         | type   | content                                                    |
//   |---------------|--------|------------------------------------------------------------|
//   | operation     | u8     | 1 put, 2 delete, 3 delete range, 4 put run                 |
//   | column family | u32 LE | its id in this database                                    |
//   | first length  | u32 LE | bytes of `first`                                           |
//   | second length | u32 LE | bytes of `second`; 0 for delete                            |
//   | first         | bytes  | the key; for a range its inclusive start                   |
//   | second        | bytes  | the value; for a range its exclusive end; or a run         |
//
// A run puts values under keys that count up: the key, of 8 to 255 bytes, is that of the first, and ends in a u64 BE,
// which grows by one for each.
//
//   | field         | type                                      | content                                  |
//   |---------------|-------------------------------------------|------------------------------------------|
//   | head length   | u8                                        | bytes of `head`                          |
//   | head          | bytes                                     | what every value begins with             |
//   | values        | u32 LE and bytes, once or as many times   | the length and bytes of all but its head |
//
// Nothing in it is trusted: every length is checked against what is left.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "core/status.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"

namespace core {

/** The handle of a live column family, or nullptr. */
using ColumnFamilyLookup = std::function<rocksdb::ColumnFamilyHandle*(uint32_t id)>;

/** Whether `unpack_batch` would take `packed`. `path` is for the message. */
Status check_batch(std::span<const uint8_t> packed, const ColumnFamilyLookup& lookup, std::string_view path);

/** Adds all records of `packed` to `batch`. After a failure, `batch` holds some of them and is to be thrown away. */
Status unpack_batch(std::span<const uint8_t> packed, const ColumnFamilyLookup& lookup, std::string_view path,
                    rocksdb::WriteBatch& batch);

}  // namespace core
