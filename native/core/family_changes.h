// Column families created and dropped while the database is open. Both take their turn among its writes. From any
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/column_families.h"
#include "core/opening.h"
#include "core/options.h"
#include "core/status.h"
#include "core/write_queue.h"

namespace core {

class FamilyChanges {
 public:
  // Each is called once, on another thread.
  using Dropped = std::function<void(const Status&)>;
  using Created = std::function<void(const Status&, uint32_t id)>;

  /** `path` is that of the database, for the messages. */
  FamilyChanges(std::string path, OpenRocksdb& opened, ColumnFamilies& families, WriteQueue& writes);

  /**
   * Those that wait together are created together. The caller holds a lease, which goes along as `lease` until it is
   * done.
   */
  void create(const ColumnFamilyConfig& config, std::shared_ptr<const void> lease, Created done);

  /**
   * From this call on the column family is gone for every later one. Those that wait together, with nothing between
   * them, are dropped together. `done` is not called where this fails.
   */
  Status drop(const std::string& name, std::shared_ptr<const void> lease, Dropped done);

 private:
  struct Creation {
    ColumnFamilyConfig config;
    Created done;
  };
  using Creations = std::vector<Creation>;
  struct Drop {
    Family family;
    Dropped done;
  };
  using Drops = std::vector<Drop>;

  /** Into the turn of those that it may join, which are `gathering`, or into a new one. `lock` is of `mutex_`. */
  template <typename Change>
  void join_or_post(std::unique_lock<std::mutex> lock, std::shared_ptr<std::vector<Change>>& gathering, Change change,
                    std::shared_ptr<const void> lease, void (FamilyChanges::*carry_out)(std::vector<Change>&));

  // On the thread of the queue:
  void create_all(Creations& creations);
  /** In one go: RocksDB writes the options of every column family that is left down each time. */
  void drop_all(Drops& drops);
  /** One of several that could not all be dropped. RocksDB does not say which of them were, but refuses to do so twice.
   */
  Status drop_alone(const Family& family);
  /** Whether this one may be created; where not, it has been told. */
  bool is_new(const Creation& creation) const;
  /** Before something that later changes must not join. */
  void end_gathering();
  /** A change is a write to the MANIFEST, which RocksDB has open wherever it is now. */
  Status refuse_displaced(const std::string& operation) const;

  const std::string path_;
  OpenRocksdb& opened_;
  ColumnFamilies& families_;
  WriteQueue& writes_;

  std::mutex mutex_;
  // What waits for its turn, and more may join: at most one of the two.
  std::shared_ptr<Creations> creating_;
  std::shared_ptr<Drops> dropping_;
};

}  // namespace core
