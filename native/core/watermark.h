// What is known to be durable, in a file of the database's own beside its WALs. Recovery takes a WAL that ends early,
// and a MANIFEST that ends at a record, for what a power failure has left; only what was known before tells whether
// something was lost. See core/inspection.h, which compares.
//
// The file WATERMARK has two slots, a page apart, so that one is whole whatever happens while the other is written:
//
//   | field          | type   | content                                                                   |
//   |----------------|--------|---------------------------------------------------------------------------|
//   | magic          | u64 LE | "opxmark1"                                                                |
//   | turn           | u64 LE | how often one was written; the slot is that of its parity                 |
//   | mark           | 6 u64  | the fields of `Mark`                                                      |
//   | checksum       | u32 LE | CRC-32C of all before                                                     |
//
// It is written after each fsync, and itself made durable once a second, when a WAL has given way to another, and at
// the end. So after a power failure it may say less than is there, never more.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/descriptor.h"
#include "core/status.h"
#include "core/task_queue.h"

namespace core {

struct Mark {
  /** The highest sequence number that is durable. */
  uint64_t sequence = 0;
  /** Before WAL `settled_log` was begun, this was the last sequence number: all up to it was in older WALs. */
  uint64_t settled_sequence = 0;
  uint64_t settled_log = 0;
  /** The WAL before that one; 0 where that was the first since the database was opened. */
  uint64_t log_before = 0;
  /** The MANIFEST that CURRENT names, and how much of it is durable. */
  uint64_t manifest_number = 0;
  uint64_t manifest_bytes = 0;
};

/** The name of the file, in the database's folder. */
constexpr const char* kWatermarkName = "WATERMARK";

/** What a batch in a WAL says of the time at which it was written. */
struct Testimony {
  /** The highest sequence number that was durable. */
  uint64_t durable = 0;
  /** The newest WAL: the one in which the batch stands, or the one before it. */
  uint64_t log = 0;
  /** The WAL before that one; 0 where that was the first since the database was opened. */
  uint64_t log_before = 0;
  /** The database's MANIFEST, and how much of it was durable. */
  uint64_t manifest_number = 0;
  uint64_t manifest_bytes = 0;

  /** The WAL before number `log_number`, where the batch stands; 0 where there was none. */
  uint64_t log_before_that(uint64_t log_number) const { return log == log_number ? log_before : log; }
};

/** Nothing where the log data of a batch is of another kind. */
std::optional<Testimony> read_testimony(std::string_view log_data);

class Watermark {
 public:
  ~Watermark() { (void)close(); }

  /** Nothing where there is no such file. CORRUPTION where neither slot is whole. */
  static Status read(const std::string& folder, std::optional<Mark>* mark);

  /**
   * Makes the file, or takes it over, so that it says `mark`. `end` is the last sequence number, until `follow`
   * tells how to ask. `path` is the folder as the caller knows it, for messages.
   */
  Status open(const std::string& folder, const std::string& path, const Mark& mark, uint64_t end);
  /** Recovery has come to its end: what lies behind it is not there any more. */
  Status follow(std::function<uint64_t()> last_sequence);

  /** All up to `sequence` is durable. Where this fails it must not be acknowledged, nor anything behind it. */
  Status note_durable(uint64_t sequence);
  /** A WAL of this number begins. */
  Status note_log(uint64_t number);
  /** The file of this number has become the database's MANIFEST, or has grown: so much of it is durable. */
  Status note_manifest(uint64_t number, uint64_t bytes);
  /**
   * What `note_log` and `note_manifest` have told is durable behind this. To be called before the MANIFEST is synced:
   * then it may say that older WALs are not needed.
   */
  Status settle();
  /** Nothing is noted any more; what was is durable. A second call does nothing. */
  Status close();

  /** For the log data of a batch. A WAL thus testifies about the ones before it, and about itself. */
  std::string testimony();

 private:
  Status write(const std::function<bool(Mark&)>& change);
  Status sync_file();
  void sync_soon();

  std::string path_;
  std::mutex mutex_;
  Descriptor file_;
  Mark mark_;
  uint64_t turn_ = 0;
  bool settling_ = false;
  /** The first failure: nothing is noted behind it, and so nothing acknowledged. */
  Status failed_;
  std::function<uint64_t()> last_sequence_;
  std::chrono::steady_clock::time_point synced_at_;
  /** The newest WAL, and the one before it. */
  uint64_t log_ = 0;
  uint64_t log_before_ = 0;
  TaskQueue syncing_{1};
};

}  // namespace core
