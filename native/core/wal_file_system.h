// The file system as it is best for WALs: an fsync of one seldom has to commit its growth too, and where it ends stays.
#pragma once

#include <memory>

#include "rocksdb/file_system.h"

namespace core {

/** A WAL's file is at most this much longer than what was written to it; a recycled one is as long as it was. */
constexpr uint64_t kWalBytesAhead = 256ULL << 10;

/**
 * `target`, whose WALs have their size before it is needed. On a full disk, and on a file system that gains nothing
 * from it, they grow as they are written.
 */
std::shared_ptr<rocksdb::FileSystem> wal_file_system(const std::shared_ptr<rocksdb::FileSystem>& target);

}  // namespace core
