#include "raw_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace bench {

namespace {

constexpr size_t kPreallocatedBytes = 64ULL << 20;

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags, 0644)) {
    check(descriptor_, path);
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }

  void write(const std::vector<char>& bytes, off_t at) const {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), at);
    check(std::cmp_equal(written, bytes.size()) ? 0 : -1, "pwrite");
  }

  /** The call by which RocksDB makes its WAL durable. */
  void sync() const {
#ifdef F_FULLFSYNC
    check(::fcntl(descriptor_, F_FULLFSYNC), "F_FULLFSYNC");
#else
    check(::fdatasync(descriptor_), "fdatasync");
#endif
  }

  static void check(int result, const std::string& what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  }

 private:
  int descriptor_;
};

}  // namespace

Sample write_to_growing_file(const std::string& folder, size_t entry_bytes, std::chrono::milliseconds time) {
  const std::string path = folder + "/growing";
  const File file(path, O_CREAT | O_TRUNC | O_WRONLY);
  const std::vector<char> entry(entry_bytes, 'g');
  off_t at = 0;
  const Sample sample = Sample::measure(time, 1, [&] {
    file.write(entry, at);
    file.sync();
    at += static_cast<off_t>(entry.size());
  });
  ::unlink(path.c_str());
  return sample;
}

Sample write_to_preallocated_file(const std::string& folder, size_t entry_bytes, std::chrono::milliseconds time) {
  const std::string path = folder + "/preallocated";
  const bool is_new = ::access(path.c_str(), F_OK) != 0;
  const File file(path, O_CREAT | O_WRONLY);
  if (is_new) {
    file.write(std::vector<char>(kPreallocatedBytes), 0);
    file.sync();
  }
  const std::vector<char> entry(entry_bytes, 'p');
  size_t at = 0;
  return Sample::measure(time, 1, [&] {
    file.write(entry, static_cast<off_t>(at));
    file.sync();
    at += entry.size();
    if (at + entry.size() > kPreallocatedBytes) at = 0;
  });
}

void sync_file_system(const std::string& folder) {
#ifdef __linux__
  const File directory(folder, O_RDONLY | O_DIRECTORY);
  File::check(::syncfs(directory.descriptor()), "syncfs");
#else
  (void)folder;
  ::sync();
#endif
}

}  // namespace bench
