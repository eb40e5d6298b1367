// The rows of a range read as one run of bytes, so that they cross into JavaScript in one buffer.
//
//   | part    | bytes               | content                                                                |
//   |---------|---------------------|------------------------------------------------------------------------|
//   | rows    | any                 | key, value, key, value, … with nothing between                         |
//   | padding | 0 to 3              | zeros, up to a multiple of 4                                           |
//   | ends    | 8 × count           | for each row the end of its key and of its value: two u32, host order  |
//   | count   | 4                   | u32, host order                                                        |
//
// binding/packed-rows.ts reads it. Each row starts where the one before it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rocksdb/slice.h"

namespace core {

class PackedRows {
 public:
  /**
   * The most that one buffer may hold: the largest record that a batch can carry, behind as many others as a piece of a
   * long read may have. Every supported Node can allocate that, and it is well inside a u32.
   */
  static constexpr size_t kMaxBytes = (size_t{1} << 31) + (size_t{64} << 20);

  /** False, and nothing added, where the row would go past kMaxBytes. */
  bool append(const rocksdb::Slice& key, const rocksdb::Slice& value);

  size_t count() const { return ends_.size() / 2; }
  /** Bytes of keys and values so far. */
  size_t byte_length() const { return bytes_.size(); }

  /** The whole buffer, in the layout above. The rows are spent. */
  std::string finish() &&;

 private:
  std::string bytes_;
  std::vector<uint32_t> ends_;
};

}  // namespace core
