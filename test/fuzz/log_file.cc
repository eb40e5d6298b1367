// A WAL or a MANIFEST of any records, in any order, with checksums that are right more often than not.

#include <span>

#include "core/log_file.h"
#include "log_records.h"
#include "memory_file.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const MemoryFile file;
  if (size == 0) return 0;
  const uint64_t number = data[0] % 2 == 0 ? 0 : 7;
  const std::string log = to_log(std::span(data, size).subspan(1), 7);
  file.write(log);

  core::LogExtent extent;
  uint64_t last = 0;
  uint64_t taken = 0;
  const core::LogReading reading{
      .number = number,
      .record =
          [&](uint64_t offset, std::span<const uint8_t> record) {
            require(taken == 0 || offset > last);
            require(record.size() <= log.size());
            last = offset;
            ++taken;
            return record.empty() || record[0] != 'x';
          },
      .survivor = [&](uint64_t offset,
                      std::span<const uint8_t> start) { require(offset >= last && start.size() <= log.size()); }};
  require(core::read_log(file.path(), reading, &extent).ok());
  require(extent.file_bytes == log.size());
  require(extent.whole_bytes <= extent.file_bytes && extent.records <= taken);
  require(extent.next_survivor >= extent.whole_bytes && extent.next_survivor <= extent.file_bytes);
  return 0;
}
