// Opens RocksDB in a folder: looks at what is there, locks it, and creates what may be missing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/column_families.h"
#include "core/folder_lock.h"
#include "core/inspection.h"
#include "core/options.h"
#include "core/recovery_view.h"
#include "core/status.h"
#include "core/watermark.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/rate_limiter.h"

namespace core {

/** What a damaged database was opened without. */
struct Recovered {
  Inspection inspection;
  /** The folder with the files as they were; empty where it is open read-only, and nothing is changed. */
  std::string evidence;
};

/** An open RocksDB and all that must outlive it, in this order. */
struct OpenRocksdb {
  /** Not acquired where it is open read-only. */
  FolderLock lock;
  /** Not opened where it is open read-only. */
  Watermark watermark;
  std::optional<Recovered> recovered;
  std::unique_ptr<rocksdb::Env> environment;
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::unique_ptr<rocksdb::DB> db;
};

/** Leaves `opened` and `families` empty where it fails. `path` is as the caller gave it. */
Status open_rocksdb(const std::string& path, const OpenConfig& config,
                    const std::shared_ptr<rocksdb::RateLimiter>& background_limit, OpenRocksdb* opened,
                    ColumnFamilies* families);

/**
 * Creates `wanted`, which are not there, in one go: RocksDB writes the options of every column family down each time.
 * Those behind the first that fails are not attempted. `created` has those that are there now, in the same order.
 */
Status create_column_families(const OpenRocksdb& opened, const std::vector<ColumnFamilyConfig>& wanted,
                              std::vector<Family>* created);

}  // namespace core
