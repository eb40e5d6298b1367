// The column families that are alive in an open database. From any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/status.h"
#include "rocksdb/db.h"

namespace core {

/** A column family, alive for as long as somebody has this; to be let go of before the database is closed. */
using Family = std::shared_ptr<rocksdb::ColumnFamilyHandle>;

/** Destroys `handle` with its last owner. */
Family own(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle);

class ColumnFamilies {
 public:
  /** `path` is that of the database, for the messages. */
  explicit ColumnFamilies(std::string path) : path_(std::move(path)) {}

  void add(Family family);
  /** Lets go of all. */
  void clear();

  /** Nothing where there is none of this id. */
  Family find(uint32_t id) const;
  Status find(uint32_t id, std::string_view operation, Family* family) const;
  std::vector<Family> all() const;
  std::vector<std::pair<std::string, uint32_t>> names() const;
  /** "column family log of /path", for a message. */
  std::string subject(const Family& family) const;

  /** Whether RocksDB has one of this name: one that is about to be dropped is in RocksDB until its drop has its turn.
   */
  bool is_in_rocksdb(const std::string& name) const;
  /** From now on it is gone for every later call; `end_drop` is to follow. Nothing where there is none. */
  Family begin_drop(const std::string& name);
  void end_drop(const Family& family, bool dropped);

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  std::unordered_map<uint32_t, Family> by_id_;
  std::map<std::string, uint32_t, std::less<>> ids_;
  std::set<std::string> dropping_;
};

}  // namespace core
