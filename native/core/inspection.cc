#include "core/inspection.h"

#include <unistd.h>
#include <algorithm>
#include <utility>

#include "core/file_numbers.h"
#include "core/log_file.h"
#include "core/manifest.h"
#include "core/manifest_choice.h"
#include "core/wal_batch.h"

namespace core {

namespace {

std::string range_of(uint64_t first, uint64_t last) {
  return first == last ? "sequence number " + std::to_string(first)
                       : "sequence numbers " + std::to_string(first) + " to " + std::to_string(last);
}

/** Follows the sequence numbers through the WALs. */
class WalChain {
 public:
  WalChain(const std::string& folder, const Manifest& manifest, Inspection& inspection)
      : folder_(folder), manifest_(manifest), inspection_(inspection) {}

  Status follow();

  /** The MANIFEST that the WALs tell of, and how much of it was durable. */
  std::pair<uint64_t, uint64_t> manifest_known() const { return manifest_known_; }

 private:
  /** Where what can be recovered ends. */
  struct End {
    const char* kind = "wal-cut";
    std::string file;
    uint64_t offset = 0;
    std::string what;
  };

  void begin(const std::vector<uint64_t>& numbers);
  Status read(uint64_t number);
  bool is_missing(uint64_t number) const;
  void miss(uint64_t number);
  bool take(uint64_t number, uint64_t offset, std::span<const uint8_t> record);
  void take_survivor(std::span<const uint8_t> start);
  void look_for_families(const std::string& name, uint64_t offset, std::span<const uint8_t> record);
  void hear(const WalBatch& batch);
  void compare();

  const std::string& folder_;
  const Manifest& manifest_;
  Inspection& inspection_;
  /** Of the WALs that are needed and are there, sorted. */
  std::vector<uint64_t> numbers_;
  /** The last that connects. Nothing before the first record, which may have any. */
  std::optional<uint64_t> last_;
  /** What the oldest WAL that is needed begins behind. */
  uint64_t begins_behind_ = 0;
  /** Where what connects ends. */
  std::optional<End> end_;
  /** More follows there, and does not connect. */
  bool hole_ = false;
  bool unknown_family_ = false;
  bool testified_ = false;
  std::pair<uint64_t, uint64_t> manifest_known_;
  bool not_understood_ = false;
};

Status WalChain::follow() {
  std::vector<uint64_t> numbers;
  if (Status status = numbers_in_folder(folder_, "", ".log", &numbers); !status.ok()) return status;
  std::erase_if(numbers, [this](uint64_t number) { return number < manifest_.oldest_log(); });
  begin(numbers);
  for (const uint64_t number : numbers) {
    if (Status status = read(number); !status.ok()) return status;
    if (not_understood_) break;
  }
  compare();
  return {};
}

void WalChain::begin(const std::vector<uint64_t>& numbers) {
  numbers_ = numbers;
  if (!numbers.empty()) inspection_.newest_log = numbers.back();
  begins_behind_ = manifest_.oldest_log_begins_behind();
  const std::optional<Mark>& mark = inspection_.mark;
  if (!mark || mark->settled_log == 0 || (!numbers.empty() && numbers.front() < mark->settled_log)) return;
  if (is_missing(mark->log_before)) {
    miss(mark->log_before);
  } else {
    // The files do not tell the sequence numbers of column families that were dropped.
    begins_behind_ = std::max(begins_behind_, mark->settled_sequence);
  }
}

/** A WAL that is still needed and is not there. */
bool WalChain::is_missing(uint64_t number) const {
  return number > 0 && number >= manifest_.oldest_log() && !std::ranges::binary_search(numbers_, number);
}

void WalChain::miss(uint64_t number) {
  last_ = begins_behind_;
  end_ =
      End{.kind = "wal-missing", .file = log_name(number), .offset = 0, .what = "the file is not there, and is needed"};
}

Status WalChain::read(uint64_t number) {
  const std::string name = log_name(number);
  const bool behind_hole = hole_;
  std::optional<uint64_t> hole_from;
  const LogReading reading{.number = number,
                           .record =
                               [&](uint64_t offset, std::span<const uint8_t> record) {
                                 if (!hole_ && !take(number, offset, record)) return false;
                                 if (!hole_) return true;
                                 if (!hole_from) hole_from = offset;
                                 take_survivor(record);
                                 return true;
                               },
                           .survivor = [&](uint64_t, std::span<const uint8_t> start) { take_survivor(start); }};
  LogExtent extent;
  if (Status status = read_log(folder_ + "/" + name, reading, &extent); !status.ok()) return status;
  not_understood_ = extent.end == LogEnd::kNotUnderstood;
  ++inspection_.wal_files;
  inspection_.wal_bytes += extent.file_bytes;

  const uint64_t readable = behind_hole ? 0 : hole_from.value_or(extent.whole_bytes);
  if (readable < extent.file_bytes) inspection_.readable[name] = readable;
  if (behind_hole) return {};
  if (hole_from) {
    // At the beginning of a WAL it is the one before that lacks something.
    if (!end_ || *hole_from > 0) {
      end_ = End{.kind = "wal-damaged", .file = name, .offset = readable, .what = "what follows is of another WAL"};
    }
    return {};
  }
  inspection_.wal_records += extent.records;
  // A WAL without a single record: others behind it must go on where it was to begin.
  if (!last_) last_ = begins_behind_;
  hole_ = extent.next_survivor < extent.file_bytes;
  end_ = End{.kind = hole_ ? "wal-damaged" : "wal-cut",
             .file = name,
             .offset = extent.whole_bytes,
             .what = std::string(describe(extent.end)) + (hole_ ? ", and more was written behind it" : "")};
  return {};
}

/** False where it is no batch. Where it is one and does not connect, there is a hole before it. */
bool WalChain::take(uint64_t number, uint64_t offset, std::span<const uint8_t> record) {
  const std::optional<WalBatch> batch = read_wal_batch(record);
  if (!batch) return false;
  if (batch->testimony) {
    // What stands in another WAL's file tells another's number.
    hole_ = batch->testimony->log > number;
    const uint64_t before = batch->testimony->log_before_that(number);
    if (!hole_ && !last_ && is_missing(before)) {
      miss(before);
      hole_ = true;
    }
  }
  hole_ = hole_ || (last_ && batch->first_sequence != *last_ + 1);
  if (hole_) return true;
  hear(*batch);
  last_ = std::max(last_.value_or(0), batch->last_sequence());
  look_for_families(log_name(number), offset, record);
  return true;
}

void WalChain::take_survivor(std::span<const uint8_t> start) {
  const std::optional<WalBatch> batch = read_wal_batch(start);
  if (!batch) return;
  hear(*batch);
  read_families(start, [this](uint32_t id) {
    const auto family = manifest_.families.find(id);
    if (family != manifest_.families.end()) inspection_.families_behind_hole.insert(family->second.name);
  });
}

// A column family is in the MANIFEST, durably, before anything is written to it.
void WalChain::look_for_families(const std::string& name, uint64_t offset, std::span<const uint8_t> record) {
  if (unknown_family_) return;
  read_families(record, [&](uint32_t id) {
    if (id <= manifest_.max_family || unknown_family_) return;
    unknown_family_ = true;
    inspection_.findings.push_back({.kind = "family-missing",
                                    .file = manifest_.name,
                                    .offset = manifest_.extent.whole_bytes,
                                    .what = "it does not know the column family with the id " + std::to_string(id) +
                                            ", to which " + name + " writes at byte " + std::to_string(offset)});
  });
}

void WalChain::hear(const WalBatch& batch) {
  if (!batch.testimony) return;
  testified_ = true;
  inspection_.durable_sequence = std::max(inspection_.durable_sequence, batch.testimony->durable);
  manifest_known_ = std::max(manifest_known_, {batch.testimony->manifest_number, batch.testimony->manifest_bytes});
}

void WalChain::compare() {
  const uint64_t reached = last_.value_or(begins_behind_);
  inspection_.last_sequence = reached;
  // Written by a program that says nothing of what is durable: it opens as it always did.
  if (not_understood_ || (!inspection_.mark && !testified_)) {
    inspection_.readable.clear();
    return;
  }
  if (inspection_.durable_sequence <= reached) return;
  if (!end_) {
    const uint64_t newest = inspection_.mark ? inspection_.mark->settled_log : 0;
    end_ = End{.kind = "wal-missing",
               .file = log_name(std::max(newest, manifest_.oldest_log())),
               .offset = 0,
               .what = "the file is not there, and is needed"};
  }
  const bool unconnected = hole_ && std::string_view(end_->kind) == "wal-cut";
  inspection_.findings.push_back({.kind = end_->kind,
                                  .file = end_->file,
                                  .offset = end_->offset,
                                  .what = end_->what + (unconnected ? ", and the next WAL does not go on there" : "") +
                                          "; " + range_of(reached + 1, inspection_.durable_sequence) +
                                          " had been made durable and cannot be recovered"});
}

/** `known` is a MANIFEST, and how many bytes of it had been made durable. */
void check_manifest(const Manifest& manifest, std::pair<uint64_t, uint64_t> known, Inspection& inspection) {
  const LogExtent& extent = manifest.extent;
  const auto [number, bytes] = known;
  const bool ends_well = extent.end == LogEnd::kEndOfFile || extent.end == LogEnd::kNothingMore;
  const bool survivors = extent.next_survivor < extent.file_bytes;
  if (number > manifest.number) {
    inspection.findings.push_back({.kind = "manifest-replaced",
                                   .file = "CURRENT",
                                   .offset = 0,
                                   .what = (inspection.taken ? "what can be used is " : "it names ") + manifest.name +
                                           ", and a newer MANIFEST, number " + std::to_string(number) +
                                           ", was in use"});
  } else if (number == manifest.number && bytes > extent.whole_bytes) {
    inspection.findings.push_back({.kind = ends_well ? "manifest-cut" : "manifest-damaged",
                                   .file = manifest.name,
                                   .offset = extent.whole_bytes,
                                   .what = std::string(describe(extent.end)) + ", and " + std::to_string(bytes) +
                                           " bytes of it had been made durable"});
  } else if (!inspection.mark && (extent.end == LogEnd::kBadChecksum || (!ends_well && survivors))) {
    inspection.findings.push_back(
        {.kind = "manifest-damaged",
         .file = manifest.name,
         .offset = extent.whole_bytes,
         .what = std::string(describe(extent.end)) + (survivors ? ", and more was written behind it" : "")});
  }
}

Finding of_status(const char* kind, const char* file, const Status& status) {
  return {.kind = kind, .file = file, .offset = 0, .what = status.message};
}

/** Whether it was ever opened to write: RocksDB then gives it an identity, which a checkpoint does not have. */
bool was_opened(const std::string& folder) { return ::access((folder + "/IDENTITY").c_str(), F_OK) == 0; }

/** What the watermark alone tells of the MANIFEST in use, and how much of it had been made durable. */
std::pair<uint64_t, uint64_t> manifest_marked(const Inspection& inspection) {
  const auto& mark = inspection.mark;
  return mark ? std::pair(mark->manifest_number, mark->manifest_bytes) : std::pair<uint64_t, uint64_t>();
}

/**
 * Goes by another MANIFEST than that which CURRENT leads to, `manifest`, where that was not in use any more or is not
 * usable. Leaves `manifest` empty where there is none to go by.
 */
Status take_another(const std::string& folder, std::optional<Manifest>* manifest, Inspection& inspection) {
  const auto marked = manifest_marked(inspection);
  const Manifest* named = manifest->has_value() ? &manifest->value() : nullptr;
  if (named != nullptr && named->is_usable && named->number >= marked.first) return {};
  ManifestChoice choice;
  if (Status status = choose_manifest(folder, &choice); !status.ok()) return status;
  auto& [chosen, unusable, newest_damaged] = choice;
  if (named == nullptr && !unusable.empty()) inspection.findings.back().what += "; not usable: " + unusable;
  if (named == nullptr && !chosen)
    inspection.findings.back().what += "; there is no MANIFEST that can be used in its place";
  if (!chosen || (named != nullptr && chosen->number == named->number)) return {};
  if (named != nullptr) check_manifest(*named, marked, inspection);
  inspection.taken = TakenManifest{.name = chosen->name, .is_known = newest_damaged < chosen->number};
  *manifest = std::move(chosen);
  return {};
}

/** Leaves `manifest` empty where there is none to go by, which is found then. */
Status find_manifest(const std::string& folder, FilesBy files_by, std::optional<Manifest>* manifest,
                     Inspection& inspection) {
  Manifest named;
  Status led = read_current_manifest(folder, &named);
  if (led.ok()) {
    *manifest = std::move(named);
  } else if (led.code == ErrorCode::kCorruption || led.code == ErrorCode::kNotFound) {
    inspection.findings.push_back(of_status("current-damaged", "CURRENT", led));
  } else {
    return led;
  }
  return files_by == FilesBy::kCurrent ? Status{} : take_another(folder, manifest, inspection);
}

}  // namespace

Status inspect(const std::string& folder, FilesBy files_by, Inspection* inspection) {
  *inspection = {};
  Status status = Watermark::read(folder, &inspection->mark);
  if (status.code == ErrorCode::kCorruption) {
    inspection->findings.push_back(of_status("watermark-damaged", kWatermarkName, status));
  } else if (!status.ok()) {
    return status;
  }
  if (inspection->mark) inspection->durable_sequence = inspection->mark->sequence;

  std::optional<Manifest> found;
  status = find_manifest(folder, files_by, &found, *inspection);
  if (!status.ok() || !found) return status;
  const Manifest& manifest = *found;
  inspection->manifest_records = manifest.extent.records;
  const auto read_what_is_whole = [&] {
    const auto& extent = manifest.extent;
    if (extent.whole_bytes < extent.file_bytes) inspection->readable[manifest.name] = extent.whole_bytes;
  };
  read_what_is_whole();
  WalChain chain(folder, manifest, *inspection);
  if (status = chain.follow(); !status.ok()) return status;
  // Also of a database that opens as it always did: RocksDB refuses a damaged one.
  if (files_by == FilesBy::kAnyManifest) read_what_is_whole();
  std::pair<uint64_t, uint64_t> known = manifest_marked(*inspection);
  // The MANIFEST of a checkpoint may be older than what its WALs tell of, until it is opened to write.
  if (inspection->mark || was_opened(folder)) known = std::max(known, chain.manifest_known());
  check_manifest(manifest, known, *inspection);
  if (auto& taken = inspection->taken) {
    taken->is_known = taken->is_known && inspection->mark && known.first == manifest.number &&
                      known.second <= manifest.extent.whole_bytes;
  }
  return {};
}

std::string describe(const Inspection& inspection) {
  std::string text;
  for (const Finding& finding : inspection.findings) {
    if (!text.empty()) text += "; ";
    text += finding.file + ", byte " + std::to_string(finding.offset) + ": " + finding.what;
  }
  if (inspection.families_behind_hole.empty()) return text;
  text += " (column families written to behind it:";
  for (const std::string& name : inspection.families_behind_hole) text += " " + name;
  return text + ")";
}

}  // namespace core
