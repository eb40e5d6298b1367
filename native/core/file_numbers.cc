#include "core/file_numbers.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace core {

namespace {

std::string digits_of(uint64_t number) {
  constexpr size_t kDigits = 6;
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return digits;
}

}  // namespace

std::optional<uint64_t> number_in(const std::string& path, std::string_view prefix, std::string_view suffix) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return {};
  uint64_t number = 0;
  const char* last = name.data() + name.size() - suffix.size();
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), last, number);
  return error == std::errc() && end == last ? std::optional(number) : std::nullopt;
}

std::string log_name(uint64_t number) { return digits_of(number) + ".log"; }

std::string manifest_name(uint64_t number) { return "MANIFEST-" + digits_of(number); }

Status numbers_in_folder(const std::string& folder, std::string_view prefix, std::string_view suffix,
                         std::vector<uint64_t>* numbers) {
  std::error_code failed;
  std::filesystem::directory_iterator entry(folder, failed);
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    if (const auto number = number_in(entry->path(), prefix, suffix)) numbers->push_back(*number);
  }
  std::ranges::sort(*numbers);
  return failed ? from_errno(failed.value(), "open", folder, "cannot look into the folder") : Status{};
}

}  // namespace core
