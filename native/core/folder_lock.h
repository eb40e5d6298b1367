// Holds a database's folder for one handle. RocksDB locks its LOCK file too, but with a record lock, which POSIX gives
// to the process: it is gone once anything in the process closes any descriptor of that file, as a backup that copies
// the folder does, and it does not tell two copies of this addon in one process apart. This lock belongs to its own
// descriptor.
#pragma once

#include <string>

namespace core {

class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() { release(); }

  /** False where another holds it. True where the file system has no such locks: RocksDB's own must do there. */
  bool acquire(const std::string& folder);
  void release();

 private:
  int descriptor_ = -1;
};

}  // namespace core
