#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <string>

#include "require.h"

/** A file in memory, with a path. Its content is what it was last given. */
class MemoryFile {
 public:
  MemoryFile() : file_(::memfd_create("fuzz", 0)) { require(file_ >= 0); }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void write(const std::string& content) const {
    require(::ftruncate(file_, 0) == 0);
    require(::pwrite(file_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size()));
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  const int file_;
};
