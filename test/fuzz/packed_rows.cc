// Rows of any bytes, packed and taken apart again as binding/packed-rows.ts does it.

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/packed_rows.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  core::PackedRows rows;
  std::vector<std::string_view> parts;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (size_t at = 0; at + 2 <= size;) {
    const std::string_view key = input.substr(at + 2, data[at]);
    const std::string_view value = input.substr(std::min(at + 2 + key.size(), size), data[at + 1]);
    require(rows.append({key.data(), key.size()}, {value.data(), value.size()}));
    parts.push_back(key);
    parts.push_back(value);
    at += 2 + key.size() + value.size();
  }
  const size_t count = rows.count();
  const size_t bytes = rows.byte_length();
  require(count * 2 == parts.size());

  const std::string packed = std::move(rows).finish();
  const auto u32_at = [&](size_t at) {
    uint32_t value = 0;
    require(at + sizeof value <= packed.size());
    std::memcpy(&value, packed.data() + at, sizeof value);
    return value;
  };
  require(packed.size() % 4 == 0 && u32_at(packed.size() - 4) == count);
  const size_t ends = packed.size() - 4 - count * 8;
  require(ends >= bytes && ends - bytes < 4);
  size_t start = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t end = u32_at(ends + i * 4);
    require(end >= start && end <= bytes);
    require(std::string_view(packed).substr(start, end - start) == parts[i]);
    start = end;
  }
  require(start == bytes);
  return 0;
}
