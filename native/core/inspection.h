// Looks at a database's WALs and MANIFEST before RocksDB does, and says what recovery would lose without a word.
//
// Recovery replays the WALs up to the first record that is not whole. After a power failure that is right: nothing
// behind it was ever durable. After damage it is a silent loss. What was durable is told by the watermark, and by every
// batch in the WALs (core/watermark.h); so the database is damaged where what can be recovered ends below that. Else
// what does not connect was never durable, and recovery must end there: RocksDB goes on where the next WAL's records
// follow a hole.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/watermark.h"

namespace core {

/** Something durable that is not there any more. */
struct Finding {
  /** One of the names in binding/damage.ts. */
  const char* kind;
  /** In the database's folder. */
  std::string file;
  uint64_t offset = 0;
  /** For people: what is wrong there, and what is lost by it. */
  std::string what;
};

/** A MANIFEST that is gone by in the place of the one that CURRENT should name. */
struct TakenManifest {
  std::string name;
  /** The watermark tells that it was in use, and all of it that was durable is there. */
  bool is_known = false;
};

struct Inspection {
  std::vector<Finding> findings;
  /** Nothing where CURRENT is gone by, or there is none to go by. */
  std::optional<TakenManifest> taken;
  /** How many bytes of a file recovery is to read, where not all. */
  std::map<std::string, uint64_t> readable;
  /** The newest WAL that was there: beside a writer there may be others by now, which may not connect. */
  uint64_t newest_log = 0;
  std::optional<Mark> mark;
  /** What recovery reaches, and what is known to have been durable. */
  uint64_t last_sequence = 0;
  uint64_t durable_sequence = 0;
  /** Column families whose records stand behind a hole in the WALs. */
  std::set<std::string> families_behind_hole;
  /** The WALs that are still needed. */
  uint64_t wal_files = 0;
  uint64_t wal_records = 0;
  uint64_t wal_bytes = 0;
  uint64_t manifest_records = 0;
};

/** What the files of a database are known by. */
enum class FilesBy : uint8_t {
  /** The MANIFEST that CURRENT names. */
  kCurrent,
  /** Where CURRENT does not lead to the one that was in use, another: see core/manifest_choice.h. */
  kAnyManifest,
};

/** `folder` has a database. Only reads. */
Status inspect(const std::string& folder, FilesBy files_by, Inspection* inspection);

/** One message for all that was found. */
std::string describe(const Inspection& inspection);

}  // namespace core
