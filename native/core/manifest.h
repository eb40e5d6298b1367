// What a MANIFEST says: the column families, and from which WAL on each is to be recovered.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/log_file.h"
#include "core/status.h"

namespace core {

struct ManifestFamily {
  std::string name;
  /** Older WALs have nothing that it still needs. */
  uint64_t log_number = 0;
};

struct Manifest {
  /** The name of the file, and its number. */
  std::string name;
  uint64_t number = 0;
  LogExtent extent;
  /**
   * It has all that RocksDB begins one with: every column family with its files, and behind them the record that the
   * next file number is in. Else it was being made when the power failed, or is damaged near its beginning.
   */
  bool is_usable = false;
  /** By id. */
  std::map<uint32_t, ManifestFamily> families;
  /** The highest id that was ever given. */
  uint32_t max_family = 0;
  /** The highest sequence number in any file that it names. */
  uint64_t last_sequence = 0;
  /** Older WALs are not needed, whatever the column families say: they had nothing in their memory. */
  uint64_t kept_log = 0;
  /**
   * By the number of a WAL: it has only what came behind this sequence number, as files had been made of all up to
   * there before any column family had moved to a newer WAL.
   */
  std::map<uint64_t, uint64_t> begins_behind;

  /** The oldest WAL that is still needed. */
  uint64_t oldest_log() const;
  /** It has only what came behind this sequence number. */
  uint64_t oldest_log_begins_behind() const;
};

/** Reads the one that CURRENT names. CORRUPTION where CURRENT names none, or one that is not there. */
Status read_current_manifest(const std::string& folder, Manifest* manifest);

/** Reads the one of this name. NOT_FOUND where there is none. */
Status read_manifest(const std::string& folder, const std::string& name, Manifest* manifest);

}  // namespace core
