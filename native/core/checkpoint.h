// A copy of an open database in a new folder. It touches nobody else's files: it is put together in a folder of its own
// making beside the target, and takes its name only where that is free still.
#pragma once

#include <string>

#include "core/status.h"
#include "rocksdb/db.h"

namespace core {

/**
 * Blocks. INVALID_ARGUMENT where there is something at `path` already. The copy survives a power failure once this
 * returns. What an earlier one to the same `path` has left behind, killed on its way, is removed.
 */
Status make_checkpoint(rocksdb::DB& db, const std::string& path);

}  // namespace core
