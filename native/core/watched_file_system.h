// The file system through which RocksDB works, with an eye on the files that the watermark is about: a WAL that begins,
// and how much of the MANIFEST is durable.
#pragma once

#include <memory>

#include "core/watermark.h"
#include "rocksdb/file_system.h"

namespace core {

/** `watermark` outlives it. */
std::shared_ptr<rocksdb::FileSystem> watched_file_system(const std::shared_ptr<rocksdb::FileSystem>& target,
                                                         Watermark& watermark);

}  // namespace core
