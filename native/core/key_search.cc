#include "core/key_search.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace core {

namespace {

/** Keys that begin with the same bytes, so many, are not told apart. */
constexpr size_t kMostBytes = 64;
/** Behind the last byte of a key, for what lies between two keys. */
constexpr size_t kMoreBytes = 8;

/** `key` as a fraction of `width` bytes. */
std::string fraction(std::string_view key, size_t width) {
  std::string bytes(key.substr(0, width));
  bytes.resize(width, '\0');
  return bytes;
}

/** `key` + 2^`bit` of its last byte's units; none past the largest fraction. */
std::optional<std::string> plus_power(std::string key, size_t bit) {
  unsigned carry = 1U << (bit % 8);
  for (size_t at = key.size() - bit / 8; carry != 0 && at-- > 0;) {
    carry += static_cast<uint8_t>(key[at]);
    key[at] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  if (carry != 0) return std::nullopt;
  return key;
}

std::string half_way(const std::string& low, const std::string& high) {
  std::string middle(low.size(), '\0');
  unsigned carry = 0;
  for (size_t at = low.size(); at-- > 0;) {
    carry += static_cast<uint8_t>(low[at]) + static_cast<uint8_t>(high[at]);
    middle[at] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  for (char& byte : middle) {
    const unsigned value = (carry << 8) | static_cast<uint8_t>(byte);
    byte = static_cast<char>(value >> 1);
    carry = value & 1;
  }
  return middle;
}

}  // namespace

std::string successor(std::string_view key) {
  std::string next(key);
  next.push_back('\0');
  return next;
}

std::optional<std::string> first_readable(std::string_view from, std::string_view last,
                                          const std::function<bool(const std::string&)>& is_readable) {
  const size_t width = std::min(std::max(from.size(), last.size()) + kMoreBytes, kMostBytes);
  const std::string start = fraction(from, width);
  const std::string end = fraction(last, width);
  std::string low = start;
  std::string high;
  for (size_t bit = 0; high.empty(); ++bit) {
    std::optional<std::string> probe = bit < width * 8 ? plus_power(start, bit) : std::nullopt;
    if (!probe || *probe >= end) {
      if (!is_readable(end)) return std::nullopt;
      high = end;
    } else if (is_readable(*probe)) {
      high = std::move(*probe);
    } else {
      low = std::move(*probe);
    }
  }
  for (std::string middle = half_way(low, high); middle > low; middle = half_way(low, high)) {
    (is_readable(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace core
