// A record of a WAL, of any bytes.

#include <span>

#include "core/wal_batch.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span record(data, size);
  const std::optional<core::WalBatch> batch = core::read_wal_batch(record);
  size_t families = 0;
  core::read_families(record, [&](uint32_t) { ++families; });
  require(families <= size);
  require(!batch || batch->count == 0 || batch->last_sequence() >= batch->first_sequence);
  return 0;
}
