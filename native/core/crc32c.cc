#include "core/crc32c.h"

#include "util/crc32c.h"

namespace core {

uint32_t crc32c(uint32_t initial, std::span<const uint8_t> bytes) {
  return rocksdb::crc32c::Extend(initial, reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace core
