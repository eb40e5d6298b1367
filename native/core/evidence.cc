#include "core/evidence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "core/sync_path.h"

namespace core {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOperation = "open";
constexpr int kAttempts = 1000;

/** One second may see several. */
int make_folder(const fs::path& parent, fs::path* made) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  (void)::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  (void)std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  const std::string name = std::string("damaged-") + text.data();
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    *made = parent / (attempt == 1 ? name : name + "-" + std::to_string(attempt));
    if (::mkdir(made->c_str(), 0755) == 0) return 0;
    if (errno != EEXIST) return errno;
  }
  return EEXIST;
}

int keep_file(const fs::path& file, const fs::path& kept) {
  std::error_code failed;
  if (file.extension() == ".sst") {
    fs::create_hard_link(file, kept, failed);
    if (!failed) return 0;
  }
  fs::copy_file(file, kept, failed);
  return failed ? failed.value() : sync_path(kept, 0);
}

}  // namespace

Status keep_evidence(const std::string& folder, const std::string& path, std::string* kept) {
  const auto failed = [&path](int error) { return from_errno(error, kOperation, path, "cannot keep the evidence"); };
  fs::path made;
  if (const int error = make_folder(folder, &made); error != 0) return failed(error);
  std::error_code stopped;
  fs::directory_iterator entry(folder, stopped);
  for (; !stopped && entry != fs::directory_iterator(); entry.increment(stopped)) {
    std::error_code unknown;
    if (!entry->is_regular_file(unknown)) continue;
    if (const int error = keep_file(entry->path(), made / entry->path().filename()); error != 0) return failed(error);
  }
  if (stopped) return failed(stopped.value());
  if (const int error = sync_path(made, O_DIRECTORY); error != 0) return failed(error);
  if (const int error = sync_path(folder, O_DIRECTORY); error != 0) return failed(error);
  *kept = made.string();
  return {};
}

}  // namespace core
