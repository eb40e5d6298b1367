#include "core/watermark.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <utility>

#include "core/crc32c.h"
#include "core/little_endian.h"
#include "core/sync_path.h"

namespace core {

namespace {

constexpr const char* kOperation = "note what is durable in";
constexpr uint64_t kMagic = 0x316b72616d78706f;  // "opxmark1"
constexpr size_t kFields = 8;
constexpr size_t kSlotBytes = kFields * sizeof(uint64_t) + sizeof(uint32_t);
constexpr size_t kSlotDistance = 4096;
constexpr size_t kFileBytes = 2 * kSlotDistance;
constexpr std::chrono::seconds kSyncInterval{1};
constexpr std::string_view kTestimonyMagic = "opx1";

using Slot = std::array<uint8_t, kSlotBytes>;

uint32_t checksum_of(const Slot& slot) { return crc32c(0, std::span(slot).first(kFields * sizeof(uint64_t))); }

Slot pack(const Mark& mark, uint64_t turn) {
  Slot slot;
  uint8_t* at = slot.data();
  for (const uint64_t field : {kMagic, turn, mark.sequence, mark.settled_sequence, mark.settled_log, mark.log_before,
                               mark.manifest_number, mark.manifest_bytes}) {
    store_u64(at, field);
    at += sizeof field;
  }
  store_u32(at, checksum_of(slot));
  return slot;
}

bool is_whole(const Slot& slot) {
  return load_u64(slot.data()) == kMagic && load_u32(slot.data() + kFields * sizeof(uint64_t)) == checksum_of(slot);
}

uint64_t field_of(const Slot& slot, size_t field) { return load_u64(slot.data() + field * sizeof(uint64_t)); }

/** 0, or why not. */
int write_all(int file, std::span<const uint8_t> bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : ENOSPC;
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
  return 0;
}

int sync_data(int file) {
#ifdef __APPLE__
  return ::fsync(file) == 0 ? 0 : errno;
#else
  return ::fdatasync(file) == 0 ? 0 : errno;
#endif
}

/** The whole file, under another name until it is durable. */
int make_file(const std::string& folder, const Mark& mark) {
  const std::string name = folder + "/" + kWatermarkName;
  const std::string aside = name + ".new";
  const Descriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return errno;
  std::array<uint8_t, kFileBytes> bytes{};
  for (const uint64_t turn : {0, 1}) {
    const Slot slot = pack(mark, turn);
    std::ranges::copy(slot, bytes.begin() + static_cast<ptrdiff_t>(turn * kSlotDistance));
  }
  int error = write_all(file.get(), bytes, 0);
  if (error == 0) error = sync_data(file.get());
  if (error == 0 && ::rename(aside.c_str(), name.c_str()) != 0) error = errno;
  return error == 0 ? sync_path(folder, O_DIRECTORY) : error;
}

/** Seven bits a byte, the lowest first; all but the last have the eighth set. */
void append_varint(uint64_t value, std::string* text) {
  for (; value >= 0x80; value >>= 7) text->push_back(static_cast<char>(value | 0x80));
  text->push_back(static_cast<char>(value));
}

bool take_varint(std::string_view* text, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64 && !text->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(text->front());
    text->remove_prefix(1);
    *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

Status Watermark::read(const std::string& folder, std::optional<Mark>* mark) {
  mark->reset();
  const std::string path = folder + "/" + kWatermarkName;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return errno == ENOENT ? Status{} : from_errno(errno, "read", path, "cannot open it");
  uint64_t newest = 0;
  for (const uint64_t parity : {0, 1}) {
    Slot slot{};
    const ssize_t taken = ::pread(file.get(), slot.data(), slot.size(), static_cast<off_t>(parity * kSlotDistance));
    if (taken < 0) return from_errno(errno, "read", path, "cannot read it");
    if (static_cast<size_t>(taken) < slot.size() || !is_whole(slot)) continue;
    const uint64_t turn = field_of(slot, 1);
    if (turn % 2 != parity || (*mark && turn < newest)) continue;
    newest = turn;
    *mark = Mark{.sequence = field_of(slot, 2),
                 .settled_sequence = field_of(slot, 3),
                 .settled_log = field_of(slot, 4),
                 .log_before = field_of(slot, 5),
                 .manifest_number = field_of(slot, 6),
                 .manifest_bytes = field_of(slot, 7)};
  }
  return *mark ? Status{} : failure(ErrorCode::kCorruption, "read", path, "neither of its two slots is whole");
}

Status Watermark::open(const std::string& folder, const std::string& path, const Mark& mark, uint64_t end) {
  path_ = path;
  mark_ = mark;
  turn_ = 1;
  last_sequence_ = [end] { return end; };
  synced_at_ = std::chrono::steady_clock::now();
  int error = make_file(folder, mark);
  if (error == 0) {
    file_ = Descriptor(::open((folder + "/" + kWatermarkName).c_str(), O_WRONLY | O_CLOEXEC));
    if (!file_) error = errno;
  }
  return error == 0 ? Status{}
                    : from_errno(error, "open", path, std::string("cannot write the file ") + kWatermarkName);
}

Status Watermark::follow(std::function<uint64_t()> last_sequence) {
  const uint64_t end = last_sequence();
  {
    const std::lock_guard lock(mutex_);
    last_sequence_ = std::move(last_sequence);
  }
  // Recovery may count less than was written: a range that is empty takes a number only when it is written.
  Status status = write([end](Mark& mark) {
    mark.sequence = std::min(mark.sequence, end);
    mark.settled_sequence = std::min(mark.settled_sequence, end);
    return true;
  });
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  return sync_file();
}

Status Watermark::note_durable(uint64_t sequence) {
  return write([sequence](Mark& mark) {
    if (sequence <= mark.sequence) return false;
    mark.sequence = sequence;
    return true;
  });
}

Status Watermark::note_log(uint64_t number) {
  return write([this, number](Mark& mark) {
    log_before_ = std::exchange(log_, number);
    const uint64_t sequence = last_sequence_();
    // Nothing came since: the older WAL is empty, and may still be needed.
    if (mark.settled_log > 0 && mark.settled_sequence == sequence) return false;
    mark.settled_log = number;
    mark.log_before = log_before_;
    mark.settled_sequence = sequence;
    settling_ = true;
    return true;
  });
}

Status Watermark::note_manifest(uint64_t number, uint64_t bytes) {
  return write([=, this](Mark& mark) {
    mark.manifest_number = number;
    mark.manifest_bytes = bytes;
    settling_ = true;
    return true;
  });
}

/** `change` tells whether it has changed anything. */
Status Watermark::write(const std::function<bool(Mark&)>& change) {
  const std::lock_guard lock(mutex_);
  if (!file_ || !failed_.ok()) return failed_;  // not open yet, or not any more
  if (!change(mark_)) return {};
  ++turn_;
  const Slot slot = pack(mark_, turn_);
  const int error = write_all(file_.get(), slot, static_cast<off_t>(turn_ % 2 * kSlotDistance));
  if (error != 0) {
    failed_ = from_errno(error, kOperation, path_, std::string("cannot write the file ") + kWatermarkName);
    return failed_;
  }
  if (std::chrono::steady_clock::now() - synced_at_ >= kSyncInterval) sync_soon();
  return {};
}

void Watermark::sync_soon() {
  synced_at_ = std::chrono::steady_clock::now();
  try {
    // Where it fails the file says less after a power failure, and nothing else is harmed.
    syncing_.post([this] { (void)sync_data(file_.get()); });
  } catch (const std::exception&) {
    synced_at_ = {};  // out of threads: once more with the next write
  }
}

Status Watermark::sync_file() {
  const int error = sync_data(file_.get());
  return error == 0 ? Status{}
                    : from_errno(error, kOperation, path_, std::string("cannot sync the file ") + kWatermarkName);
}

Status Watermark::settle() {
  const std::lock_guard lock(mutex_);
  if (!file_ || !settling_) return {};
  Status status = sync_file();
  if (status.ok()) settling_ = false;
  return status;
}

Status Watermark::close() {
  syncing_.stop();
  const std::lock_guard lock(mutex_);
  if (!file_) return {};
  Status status = sync_file();
  file_.close();
  return status;
}

std::string Watermark::testimony() {
  const std::lock_guard lock(mutex_);
  std::string text(kTestimonyMagic);
  for (const uint64_t field : {mark_.sequence, log_, log_before_, mark_.manifest_number, mark_.manifest_bytes}) {
    append_varint(field, &text);
  }
  return text;
}

std::optional<Testimony> read_testimony(std::string_view log_data) {
  if (!log_data.starts_with(kTestimonyMagic)) return {};
  log_data.remove_prefix(kTestimonyMagic.size());
  Testimony said;
  for (uint64_t* field : {&said.durable, &said.log, &said.log_before, &said.manifest_number, &said.manifest_bytes}) {
    if (!take_varint(&log_data, field)) return {};
  }
  return log_data.empty() ? std::optional(said) : std::nullopt;
}

}  // namespace core
