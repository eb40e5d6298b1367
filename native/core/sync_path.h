// Files and folders whose bytes and names survive a power failure.
#pragma once

#include <filesystem>

namespace core {

/** fsync of what is at `path`, opened with `flags` beside O_RDONLY. 0, or why not. */
int sync_path(const std::filesystem::path& path, int flags);

/**
 * Makes the name of what is at `path` durable, which is its parent's. 0, or why not; a parent that this user may not
 * read cannot be synced, and is no error.
 */
int sync_name(const std::filesystem::path& path);

/** Makes the folder `path`, and those above it, with names that are durable. 0, or why not. */
int make_folders(const std::filesystem::path& path);

}  // namespace core
