// One writer for a folder: the locks on it, and whether its path still leads to it.
//
// Three locks, since none alone will do. RocksDB's own is a record lock on the file LOCK. Other programs respect it,
// but POSIX gives it to the process: it is gone once anything in the process closes any descriptor of that file, as a
// backup that copies the folder does. The lock on the folder itself (flock) belongs to its descriptor, but some file
// systems have none. And a list of what this process has open is all that keeps it out of its own folder there.
#pragma once

#include <sys/types.h>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/descriptor.h"
#include "core/status.h"

namespace core {

class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() { release(); }

  /** To read alone: a file LOCK that is not there is not made, and one that may not be written to will do. */
  enum class Purpose : uint8_t { kWrite, kRead };

  /** LOCKED where another handle has it. `folder` is canonical; `path` is for the message. */
  Status acquire(const std::string& folder, const std::string& path, Purpose purpose);
  void release();

  /**
   * Whether `folder` no longer leads to the folder that is locked: it was moved away, or another was put in its place.
   * Once it was so, it stays so: what was written meanwhile may be in either. One call of the system.
   */
  bool is_displaced();
  /** The same, but the system is asked once in a millisecond at most: for what takes a few such calls itself. */
  bool is_displaced_lately();
  /** What `is_displaced` found last. */
  bool was_displaced() const { return displaced_; }

 private:
  /** Device and inode. */
  using Identity = std::pair<dev_t, ino_t>;

  Status lock_folder(const std::string& path);
  Status lock_file(const std::string& path, Purpose purpose);

  std::string folder_path_;
  Descriptor folder_;
  Descriptor lock_file_;
  std::optional<Identity> identity_;
  std::atomic<bool> displaced_ = false;
  /** When `is_displaced_lately` has asked. */
  std::atomic<std::chrono::steady_clock::time_point> asked_ = std::chrono::steady_clock::time_point();
};

/** For the message of whoever finds it displaced. */
constexpr const char* kDisplaced =
    "its folder was moved or replaced while it was open; nothing more is written. Close it, and open it where it is "
    "now";

}  // namespace core
