// What happens where the disk is full. RocksDB would wait until it is not, and with it each write that waits for a
// flush: for ever, maybe, on the thread of its caller. Here writes fail, until the database is opened again.
#pragma once

#include <memory>

#include "rocksdb/listener.h"

namespace core {

/** To be given to one database. */
std::shared_ptr<rocksdb::EventListener> fail_on_full_disk();

}  // namespace core
