// The file system as RocksDB sees it: nothing is created, renamed or removed once the path of the
// database leads to another folder. RocksDB opens each of its files by that path, and would write into a stranger's.
// What is written to files that are open already, WAL and MANIFEST, is refused before it comes to RocksDB.
#pragma once

#include <memory>

#include "core/folder_lock.h"
#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace core {

/**
 * An environment for one database, on `target`, with read retries. Its `lock` is acquired already and outlives it. Each
 * new file, the next WAL among them, costs one call of the system more.
 */
std::unique_ptr<rocksdb::Env> locked_environment(FolderLock& lock, const std::shared_ptr<rocksdb::FileSystem>& target);

}  // namespace core
