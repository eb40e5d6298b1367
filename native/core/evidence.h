// Keeps the files of a damaged database as they are, before recovery changes them.
#pragma once

#include <string>

#include "core/status.h"

namespace core {

/**
 * Makes a folder in `folder`, the database's, with all of its files: those that RocksDB never changes by hard link, the
 * others as copies. `kept` is its path. `path` is for messages.
 */
Status keep_evidence(const std::string& folder, const std::string& path, std::string* kept);

}  // namespace core
