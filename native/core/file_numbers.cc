#include "core/file_numbers.h"

#include <charconv>
#include <filesystem>

namespace core {

std::optional<uint64_t> number_in(const std::string& path, std::string_view prefix, std::string_view suffix) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return {};
  uint64_t number = 0;
  const char* last = name.data() + name.size() - suffix.size();
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), last, number);
  return error == std::errc() && end == last ? std::optional(number) : std::nullopt;
}

std::string log_name(uint64_t number) {
  constexpr size_t kDigits = 6;
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return digits + ".log";
}

}  // namespace core
