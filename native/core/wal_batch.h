// A batch as a WAL holds it. Nothing in it is trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "core/watermark.h"

namespace core {

struct WalBatch {
  uint64_t first_sequence = 0;
  /** How many sequence numbers it takes. */
  uint32_t count = 0;
  std::optional<Testimony> testimony;

  uint64_t last_sequence() const { return first_sequence + count - 1; }
};

/** `start` is the batch, or as much of it as is there; nothing where that is too short, or the numbers cannot be. */
std::optional<WalBatch> read_wal_batch(std::span<const uint8_t> start);

/**
 * Calls `take` with the column family of each record, as far as the batch is there and its records are of kinds that
 * are known. One id that stands several times in a row is given once.
 */
void read_families(std::span<const uint8_t> batch, const std::function<void(uint32_t id)>& take);

}  // namespace core
