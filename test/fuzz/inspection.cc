// A folder with a MANIFEST and a WAL of any records, and a watermark of any numbers: it is looked at before it is
// opened.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>

#include "core/inspection.h"
#include "core/watermark.h"
#include "log_records.h"
#include "require.h"

namespace {

class Folder {
 public:
  Folder() : path_("/dev/shm/fuzz-inspection-XXXXXX") {
    require(::mkdtemp(path_.data()) != nullptr);
    write("CURRENT", "MANIFEST-000001\n");
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const char* name, const std::string& content) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << content;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/** The next of its parts: two bytes say how long it is. */
std::span<const uint8_t> take(std::span<const uint8_t>& input) {
  if (input.size() < 2) return {};
  const size_t length = std::min<size_t>(input[0] + input[1] * 256UL, input.size() - 2);
  const auto part = input.subspan(2, length);
  input = input.subspan(2 + length);
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder folder;
  std::span<const uint8_t> input(data, size);
  folder.write("MANIFEST-000001", to_log(take(input), 1));
  const auto mark = take(input);
  folder.write(core::kWatermarkName, {reinterpret_cast<const char*>(mark.data()), mark.size()});
  folder.write("000004.log", to_log(take(input), 4));
  folder.write("000005.log", to_log(input, 5));

  core::Inspection inspection;
  if (!core::inspect(folder.path(), core::FilesBy::kAnyManifest, &inspection).ok()) return 0;
  for (const auto& [name, readable] : inspection.readable) {
    require(readable <= std::filesystem::file_size(folder.path() + "/" + name));
  }
  require(inspection.findings.empty() == core::describe(inspection).empty() || inspection.findings.empty());
  return 0;
}
