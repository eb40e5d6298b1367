// What the disk and the file system can do by themselves: pwrite and fdatasync of one small record after another.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "sample.h"

namespace bench {

/** Each record lengthens a new file, so that every fdatasync commits the file's growth too. */
Sample write_to_growing_file(const std::string& folder, size_t entry_bytes, std::chrono::milliseconds time);

/** Each record overwrites a part of a file that was written in full before. */
Sample write_to_preallocated_file(const std::string& folder, size_t entry_bytes, std::chrono::milliseconds time);

/** Makes everything that the file system of `folder` still has in memory durable, so that it disturbs nobody later. */
void sync_file_system(const std::string& folder);

}  // namespace bench
