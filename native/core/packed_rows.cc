#include "core/packed_rows.h"

#include <utility>

namespace core {

bool PackedRows::append(const rocksdb::Slice& key, const rocksdb::Slice& value) {
  const size_t table = sizeof(uint32_t) * (ends_.size() + 4);
  if (bytes_.size() + key.size() + value.size() + table > kMaxBytes) return false;
  bytes_.append(key.data(), key.size());
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  bytes_.append(value.data(), value.size());
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  return true;
}

std::string PackedRows::finish() && {
  const auto rows = static_cast<uint32_t>(count());
  bytes_.resize((bytes_.size() + 3) & ~size_t{3});
  bytes_.append(reinterpret_cast<const char*>(ends_.data()), ends_.size() * sizeof(uint32_t));
  bytes_.append(reinterpret_cast<const char*>(&rows), sizeof rows);
  return std::move(bytes_);
}

}  // namespace core
