// Numbers as files hold them: the lowest byte first, wherever they stand.
#pragma once

#include <cstdint>

namespace core {

inline uint16_t load_u16(const uint8_t* at) { return static_cast<uint16_t>(at[0] | at[1] << 8); }

inline uint32_t load_u32(const uint8_t* at) {
  return static_cast<uint32_t>(load_u16(at)) | static_cast<uint32_t>(load_u16(at + 2)) << 16;
}

inline uint64_t load_u64(const uint8_t* at) {
  return static_cast<uint64_t>(load_u32(at)) | static_cast<uint64_t>(load_u32(at + 4)) << 32;
}

inline void store_u32(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

inline void store_u64(uint8_t* at, uint64_t value) {
  store_u32(at, static_cast<uint32_t>(value));
  store_u32(at + 4, static_cast<uint32_t>(value >> 32));
}

}  // namespace core
