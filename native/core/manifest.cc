#include "core/manifest.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "core/file_numbers.h"
#include "db/version_edit.h"

namespace core {

namespace {

class ManifestReader {
 public:
  explicit ManifestReader(Manifest& manifest) : manifest_(manifest) {}

  bool take(std::span<const uint8_t> record) {
    rocksdb::VersionEdit edit;
    const rocksdb::Slice bytes(reinterpret_cast<const char*>(record.data()), record.size());
    if (!edit.DecodeFrom(bytes).ok()) return false;
    if (!edit.IsInAtomicGroup()) {
      apply(edit);
      return true;
    }
    // All of a group or nothing.
    group_.push_back(std::move(edit));
    if (group_.back().GetRemainingEntries() > 0) return true;
    for (const rocksdb::VersionEdit& part : group_) apply(part);
    group_.clear();
    return true;
  }

 private:
  void apply(const rocksdb::VersionEdit& edit) {
    const uint32_t id = edit.GetColumnFamily();
    if (edit.HasMaxColumnFamily()) manifest_.max_family = std::max(manifest_.max_family, edit.GetMaxColumnFamily());
    manifest_.max_family = std::max(manifest_.max_family, id);
    if (edit.IsColumnFamilyDrop()) {
      manifest_.families.erase(id);
    } else if (edit.IsColumnFamilyAdd()) {
      manifest_.families[id].name = edit.GetColumnFamilyName();
    }
    if (id == 0) manifest_.families[0].name = rocksdb::kDefaultColumnFamilyName;
    const auto family = manifest_.families.find(id);
    has_log_number_ |= edit.HasLogNumber();
    has_next_file_ |= edit.HasNextFile();
    has_last_sequence_ |= edit.HasLastSequence();
    manifest_.is_usable = has_log_number_ && has_next_file_ && has_last_sequence_;
    if (edit.HasLogNumber() && family != manifest_.families.end()) {
      family->second.log_number = std::max(family->second.log_number, edit.GetLogNumber());
      newest_log_ = std::max(newest_log_, edit.GetLogNumber());
    }
    if (edit.HasMinLogNumberToKeep()) manifest_.kept_log = std::max(manifest_.kept_log, edit.GetMinLogNumberToKeep());
    if (!edit.HasLastSequence()) return;
    manifest_.last_sequence = std::max(manifest_.last_sequence, edit.GetLastSequence());
    std::map<uint64_t, uint64_t>& begins_behind = manifest_.begins_behind;
    begins_behind[newest_log_] = manifest_.last_sequence;
    // A MANIFEST begins with what earlier ones have told, and column families that lag may come late.
    if (!edit.HasLogNumber() || begins_behind.begin()->first <= edit.GetLogNumber()) return;
    begins_behind[edit.GetLogNumber()] = manifest_.last_sequence;
  }

  Manifest& manifest_;
  std::vector<rocksdb::VersionEdit> group_;
  /** Of those that a column family has moved to. */
  uint64_t newest_log_ = 0;
  // RocksDB opens none without these.
  bool has_log_number_ = false;
  bool has_next_file_ = false;
  bool has_last_sequence_ = false;
};

Status read_current(const std::string& folder, std::string* name) {
  const std::string path = folder + "/CURRENT";
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(ErrorCode::kNotFound, "read", path, "it cannot be opened");
  std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const bool ends_well = content.ends_with('\n');
  if (ends_well) content.pop_back();
  const std::optional<uint64_t> number = number_in(content, "MANIFEST-", "");
  if (!ends_well || !number || content.find('/') != std::string::npos) {
    return failure(ErrorCode::kCorruption, "read", path, "it does not name a MANIFEST");
  }
  *name = content;
  return {};
}

}  // namespace

uint64_t Manifest::oldest_log() const {
  if (families.empty()) return kept_log;
  const auto oldest = std::ranges::min_element(families, {}, [](const auto& each) { return each.second.log_number; });
  return std::max(kept_log, oldest->second.log_number);
}

uint64_t Manifest::oldest_log_begins_behind() const {
  const auto newer = begins_behind.upper_bound(oldest_log());
  return newer == begins_behind.begin() ? 0 : std::prev(newer)->second;
}

Status read_current_manifest(const std::string& folder, Manifest* manifest) {
  std::string name;
  if (Status status = read_current(folder, &name); !status.ok()) return status;
  Status status = read_manifest(folder, name, manifest);
  if (status.code != ErrorCode::kNotFound) return status;
  return failure(ErrorCode::kCorruption, "read", folder + "/CURRENT", "it names " + name + ", which is not there");
}

Status read_manifest(const std::string& folder, const std::string& name, Manifest* manifest) {
  *manifest = {};
  manifest->name = name;
  manifest->number = number_in(name, "MANIFEST-", "").value_or(0);
  ManifestReader reader(*manifest);
  const LogReading reading{.number = 0,
                           .record = [&](uint64_t, std::span<const uint8_t> record) { return reader.take(record); },
                           .survivor = [](uint64_t, std::span<const uint8_t>) {}};
  return read_log(folder + "/" + name, reading, &manifest->extent);
}

}  // namespace core
