// The keys in one SST file, in order, also where some of its blocks are damaged, and where it is not there at all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "rocksdb/metadata.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_reader.h"

namespace core {

/** Keys from `from` up to before `to`: what a file has there cannot be read, if it has anything. */
struct UnreadableKeys {
  std::string from;
  std::string to;
  /** With the file. */
  std::string reason;
};

/** Opens `file`, whose metadata are RocksDB's. Refuses one of another size, or that was another file of a database. */
rocksdb::Status open_sst_file(const rocksdb::LiveFileMetaData& file, rocksdb::SstFileReader* reader);

class FileKeys {
 public:
  /** At the first key from `from` on. What cannot be read goes to `unreadable`, as it is come upon. */
  FileKeys(rocksdb::LiveFileMetaData file, const rocksdb::Options& options, std::string_view from,
           std::vector<UnreadableKeys>* unreadable);

  /** Also of a deletion, or of a value that a later one has replaced. None behind the last. */
  const std::optional<std::string>& key() const { return key_; }
  void next();

  /** The latest that the file has for its key. */
  struct Latest {
    uint64_t sequence = 0;
    bool is_value = false;
    std::string value;
  };
  /** Nothing where it is neither a value nor a deletion. */
  std::optional<Latest> latest() const;
  /** Whether it may delete `key` together with others around it. Not known of a file that cannot be opened. */
  bool may_delete_range_with(const std::string& key) const;

 private:
  void seek(const std::string& from);
  /** Takes the key that the cursor is at, or goes on behind what it cannot read. */
  void settle(std::string_view from);
  void note(std::string from, std::string to, const rocksdb::Status& why);

  rocksdb::LiveFileMetaData file_;
  std::unique_ptr<rocksdb::SstFileReader> reader_;
  std::unique_ptr<rocksdb::Iterator> cursor_;
  std::vector<UnreadableKeys>& unreadable_;
  std::optional<std::string> key_;
};

}  // namespace core
