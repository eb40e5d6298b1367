#include "core/counted_run.h"

#include <algorithm>
#include <utility>

#include "core/little_endian.h"
#include "core/packed_rows.h"

namespace core {

namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kPrefaceBytes = 8;

/** The number at the end of `key`; 0 where `key` is too short for one. */
uint64_t counter_of(std::string_view key) {
  if (key.size() < CountedRun::kCounterBytes) return 0;
  uint64_t number = 0;
  for (const char byte : key.substr(key.size() - CountedRun::kCounterBytes)) {
    number = number << 8 | static_cast<uint8_t>(byte);
  }
  return number;
}

bool append_stranger(const rocksdb::Slice& key, const rocksdb::Slice& value, RunMemory* memory) {
  uint8_t* at = memory->extend(key.size() + value.size() + 2 * kLengthBytes);
  if (at == nullptr) return false;
  at = std::copy_n(key.data(), key.size(), at);
  at = std::copy_n(value.data(), value.size(), at);
  store_u32(at, static_cast<uint32_t>(key.size()));
  store_u32(at + kLengthBytes, static_cast<uint32_t>(value.size()));
  return true;
}

}  // namespace

void RunMemory::reserve(size_t bytes) {
  if (grows_ && bytes > capacity_) grow(std::min(bytes, PackedRows::kMaxBytes) - size_);
}

bool RunMemory::grow(size_t bytes) {
  if (!grows_ || bytes > PackedRows::kMaxBytes - size_) return false;
  constexpr size_t kLeast = 512;
  capacity_ = std::max({size_ + bytes, std::min(capacity_ * 2, PackedRows::kMaxBytes), kLeast});
  own_.resize(capacity_);
  data_ = reinterpret_cast<uint8_t*>(own_.data());
  return true;
}

std::string RunMemory::finish() && {
  own_.resize(size_);
  return std::move(own_);
}

CountedRun::CountedRun(rocksdb::Iterator& cursor, std::string first, std::string head, std::string_view upper)
    : cursor_(cursor), next_key_(std::move(first)), head_(std::move(head)) {
  const uint64_t from = counter_of(next_key_);
  const uint64_t to = counter_of(upper);
  if (upper.size() == next_key_.size() && to > from) expected_ = to - from;
}

bool CountedRun::goes_on() const {
  return cursor_.key() == rocksdb::Slice(next_key_) && cursor_.value().starts_with(head_);
}

void CountedRun::take_one() {
  taken_ = true;
  if (expected_ > 0) --expected_;
  for (size_t i = next_key_.size(); i-- > next_key_.size() - kCounterBytes;) {
    next_key_[i] = static_cast<char>(static_cast<uint8_t>(next_key_[i]) + 1);
    if (next_key_[i] != 0) break;
  }
}

void CountedRun::reserve(uint64_t page_bytes, RunMemory* memory) const {
  const uint64_t bytes = std::max<uint64_t>(1, cursor_.value().size());
  const uint64_t rows = std::min(expected_, page_bytes / bytes + 1);
  memory->reserve(kPrefaceBytes +
                  std::min<uint64_t>(rows, PackedRows::kMaxBytes / (bytes + kLengthBytes)) * (bytes + kLengthBytes));
}

Status CountedRun::read(uint64_t page_bytes, std::string_view subject, RunMemory* memory, size_t* needed) {
  *needed = kPrefaceBytes;
  if (memory->extend(kPrefaceBytes) == nullptr) return {};
  uint32_t count = 0;
  state_ = RunState::kEnded;
  if (taken_) {
    cursor_.Next();
    taken_ = false;
  }
  for (uint64_t bytes = 0; cursor_.Valid(); cursor_.Next()) {
    taken_ = false;
    const rocksdb::Slice value = cursor_.value();
    if (!goes_on()) {
      const rocksdb::Slice head(value.data(), std::min(value.size(), head_.size()));
      state_ = append_stranger(cursor_.key(), head, memory) ? RunState::kStranger : RunState::kNoRoom;
      *needed += cursor_.key().size() + head.size() + 2 * kLengthBytes;
      break;
    }
    if (count == 0) reserve(page_bytes, memory);
    const size_t length = value.size() - head_.size();
    uint8_t* at = memory->extend(kLengthBytes + length);
    if (at == nullptr) {
      state_ = RunState::kNoRoom;
      *needed += kLengthBytes + length;
      break;
    }
    store_u32(at, static_cast<uint32_t>(length));
    std::copy_n(value.data() + head_.size(), length, at + kLengthBytes);
    ++count;
    take_one();
    bytes += value.size();
    if (bytes >= page_bytes) {
      state_ = RunState::kFull;
      break;
    }
  }
  if (Status status = from_rocksdb(cursor_.status(), "scan", subject); !status.ok()) return status;
  if (state_ != RunState::kNoRoom || count > 0) *needed = 0;
  store_u32(memory->data(), static_cast<uint32_t>(state_));
  store_u32(memory->data() + kLengthBytes, count);
  return {};
}

}  // namespace core
