// The values of keys that count up, read as one run of bytes: the entries of a log, without an object for each.
//
//   | part     | type                         | content                                                        |
//   |----------|------------------------------|----------------------------------------------------------------|
//   | state    | u32 LE                       | a RunState                                                     |
//   | count    | u32 LE                       | how many values                                                |
//   | values   | u32 LE and bytes, each time  | its length, and the value without its head                     |
//   | stranger | bytes, bytes, u32 LE, u32 LE | with kStranger alone: its key, as much of its value as a head  |
//   |          |                              | is long, and their two lengths                                 |
//
// lib/log/entry-run.ts reads it. From `count` on it is what the engine takes for entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/status.h"
#include "rocksdb/iterator.h"
#include "rocksdb/slice.h"

namespace core {

enum class RunState : uint32_t {
  kFull = 0,      // the value that reaches the bytes asked for is the last; what lies behind it was not looked at
  kEnded = 1,     // the range holds nothing more
  kStranger = 2,  // the next row does not go on with the run: its key does not count up, or its value has another head
  kNoRoom = 3,    // the memory does not hold the next one
};

/** Memory that a run is written to: of the caller's, and no more than that, or its own, which grows. */
class RunMemory {
 public:
  RunMemory() : grows_(true) {}
  explicit RunMemory(std::span<uint8_t> room) : data_(room.data()), capacity_(room.size()) {}
  RunMemory(const RunMemory&) = delete;
  RunMemory& operator=(const RunMemory&) = delete;

  /** So many bytes more, to be written to before the next call; nullptr, and nothing changed, where there is no room.
   */
  uint8_t* extend(size_t bytes) {
    if (capacity_ - size_ < bytes && !grow(bytes)) return nullptr;
    uint8_t* added = data_ + size_;
    size_ += bytes;
    return added;
  }

  /** So many bytes are likely to come. */
  void reserve(size_t bytes);

  uint8_t* data() { return data_; }
  size_t size() const { return size_; }
  /** What was written, of memory that grows. It is spent. */
  std::string finish() &&;

 private:
  bool grow(size_t bytes);

  bool grows_ = false;
  std::string own_;
  uint8_t* data_ = nullptr;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

/** Reads a run, page by page. It looks no further than it reads. */
class CountedRun {
 public:
  /** Of a key: where it counts, a u64 BE at its end. */
  static constexpr size_t kCounterBytes = 8;

  /**
   * `cursor` stands on what may be the first row, or has come to its end. Its key is to be `first`, of kCounterBytes at
   * least, and every value begins with `head`. `upper` is where the range ends, as far as that is known.
   */
  CountedRun(rocksdb::Iterator& cursor, std::string first, std::string head, std::string_view upper);

  /**
   * The next page: it ends with the value that reaches `page_bytes`, heads included. Where not even the state and the
   * count have room, and where the memory has none for the first value, `needed` is what it takes.
   */
  Status read(uint64_t page_bytes, std::string_view subject, RunMemory* memory, size_t* needed);

  /** Of the last page. */
  RunState state() const { return state_; }

 private:
  bool goes_on() const;
  void take_one();
  void reserve(uint64_t page_bytes, RunMemory* memory) const;

  rocksdb::Iterator& cursor_;
  std::string next_key_;
  const std::string head_;
  uint64_t expected_ = 0;
  /** The row at the cursor has been read. */
  bool taken_ = false;
  RunState state_ = RunState::kFull;
};

}  // namespace core
