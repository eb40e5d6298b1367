#include "core/sync_path.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>

#include "core/descriptor.h"

namespace core {

namespace fs = std::filesystem;

int sync_path(const fs::path& path, int flags) {
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  return opened && ::fsync(opened.get()) == 0 ? 0 : errno;
}

int sync_name(const fs::path& path) {
  const fs::path parent = path.parent_path();
  const int error = sync_path(parent.empty() ? "." : parent, O_DIRECTORY);
  // EINVAL: a file system that syncs no folders.
  return error == EACCES || error == EPERM || error == EINVAL ? 0 : error;
}

int make_folders(const fs::path& path) {
  std::error_code failed;
  // Not asked for a link to a folder: some versions of the library refuse that.
  if (path.empty() || fs::is_directory(path, failed)) return 0;
  if (const int error = make_folders(path.parent_path()); error != 0) return error;
  fs::create_directory(path, failed);
  return failed ? failed.value() : sync_name(path);
}

}  // namespace core
