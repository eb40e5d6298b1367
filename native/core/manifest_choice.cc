#include "core/manifest_choice.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "core/file_numbers.h"

namespace core {

namespace {

/** Empty where it is usable. */
std::string why_unusable(const Status& status, const Manifest& manifest) {
  if (!status.ok()) return status.message;
  if (manifest.is_usable) return {};
  return "it ends before it has told of all column families and files: " + std::string(describe(manifest.extent.end)) +
         " at byte " + std::to_string(manifest.extent.whole_bytes);
}

/** A power failure leaves what was being made shorter, or with zeros at its end. */
bool was_being_made(const Status& status, const LogExtent& extent) {
  const bool is_bad = extent.end == LogEnd::kBadChecksum || extent.end == LogEnd::kBadRecord;
  return status.ok() && !is_bad && extent.next_survivor == extent.file_bytes;
}

}  // namespace

Status choose_manifest(const std::string& folder, ManifestChoice* choice) {
  std::vector<uint64_t> numbers;
  if (Status status = numbers_in_folder(folder, "MANIFEST-", "", &numbers); !status.ok()) return status;
  for (const uint64_t number : numbers) {
    Manifest manifest;
    const Status status = read_manifest(folder, manifest_name(number), &manifest);
    const std::string why = why_unusable(status, manifest);
    if (!why.empty()) {
      if (!choice->unusable.empty()) choice->unusable += ", ";
      choice->unusable += manifest_name(number) + " (" + why + ")";
      if (!was_being_made(status, manifest.extent)) choice->newest_damaged = number;
    } else if (!choice->chosen || manifest.last_sequence >= choice->chosen->last_sequence) {
      choice->chosen = std::move(manifest);
    }
  }
  return {};
}

}  // namespace core
