// Files in RocksDB's log format from the fuzzer's bytes. Their checksums are right, or no input would come past them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "core/crc32c.h"

/**
 * The input as a log: each record begins with a byte for its type, and one for what is special about it, then its
 * length as two bytes.
 */
inline std::string to_log(std::span<const uint8_t> input, uint32_t number) {
  constexpr size_t kBlockBytes = 32768;
  constexpr size_t kHeaderBytes = 7;
  constexpr size_t kRecordBytes = 4;
  enum Special : uint8_t { kBadChecksum = 1, kLongerLength = 2, kOtherNumber = 4, kUnframed = 8 };
  std::string log;
  const auto put = [&log](uint32_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) log.push_back(static_cast<char>(value >> (8 * i)));
  };
  while (input.size() >= kRecordBytes) {
    const uint8_t type = input[0];
    const uint8_t special = input[1] % 32 == 0 ? input[1] / 32 : input[1] & 0x0f;
    const size_t wanted = input[2] + input[3] * 256UL;
    input = input.subspan(kRecordBytes);
    const size_t left = kBlockBytes - log.size() % kBlockBytes;
    if (left < kHeaderBytes + 4) log.append(left, '\0');
    const size_t room = kBlockBytes - log.size() % kBlockBytes - kHeaderBytes - 4;
    const std::span<const uint8_t> data = input.first(std::min({wanted, input.size(), room}));
    input = input.subspan(data.size());
    if ((special & kUnframed) != 0) {
      log.append(reinterpret_cast<const char*>(data.data()), data.size());
      continue;
    }
    std::string covered(1, static_cast<char>(type));
    const bool numbered = (type >= 5 && type <= 8) || type == 11 || type == 131;
    const uint32_t shown = (special & kOtherNumber) != 0 ? number + 1 : number;
    if (numbered) {
      for (int i = 0; i < 4; ++i) covered.push_back(static_cast<char>(shown >> (8 * i)));
    }
    covered.append(reinterpret_cast<const char*>(data.data()), data.size());
    const uint32_t crc = core::crc32c(0, {reinterpret_cast<const uint8_t*>(covered.data()), covered.size()});
    constexpr uint32_t kMask = 0xa282ead8;
    put(((crc >> 15) | (crc << 17)) + kMask + ((special & kBadChecksum) != 0 ? 1 : 0), 4);
    put(static_cast<uint32_t>(data.size()) + ((special & kLongerLength) != 0 ? 1 : 0), 2);
    log += covered;
  }
  return log;
}
