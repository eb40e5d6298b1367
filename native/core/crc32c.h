// CRC-32C by RocksDB, which uses the processor's instruction for it.
#pragma once

#include <cstdint>
#include <span>

namespace core {

/** Of `bytes` behind those that have given `initial`; 0 is that of no bytes. */
uint32_t crc32c(uint32_t initial, std::span<const uint8_t> bytes);

}  // namespace core
