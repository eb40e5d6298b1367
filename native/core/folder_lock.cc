#include "core/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <cerrno>

namespace core {

bool FolderLock::acquire(const std::string& folder) {
  descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return true;
  return errno != EWOULDBLOCK;
}

void FolderLock::release() {
  if (descriptor_ < 0) return;
  // Closing alone would leave it locked for as long as a child, forked and about to exec, has the descriptor too.
  (void)::flock(descriptor_, LOCK_UN);
  (void)::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace core
