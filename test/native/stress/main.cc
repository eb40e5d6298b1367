// Many threads at one database: everything that may be called from any thread, at once, and closing in the midst of it.
// For the sanitizer of threads, and of use as a test without one. Usage: stress FOLDER ROUNDS

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/database.h"
#include "core/iterator.h"

namespace {

constexpr int kWritesOfARound = 400;
constexpr int kWriters = 3;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "stress: %s\n", what.c_str());
  std::abort();
}

/** What a call may come to while others close the database, or drop what it works with. */
void require_expected(const core::Status& status) {
  using enum core::ErrorCode;
  static constexpr core::ErrorCode kExpected[] = {kNone, kClosed, kColumnFamilyNotFound, kColumnFamilyExists, kBusy};
  require(std::ranges::find(kExpected, status.code) != std::ranges::end(kExpected), status.message);
}

void append_u32(std::vector<uint8_t>& bytes, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
}

/** A batch of one put, as core/batch_format.h has it. */
std::vector<uint8_t> put(uint32_t family, const std::string& key, const std::string& value) {
  std::vector<uint8_t> bytes{1};
  append_u32(bytes, family);
  append_u32(bytes, static_cast<uint32_t>(key.size()));
  append_u32(bytes, static_cast<uint32_t>(value.size()));
  bytes.insert(bytes.end(), key.begin(), key.end());
  bytes.insert(bytes.end(), value.begin(), value.end());
  return bytes;
}

class Round {
 public:
  Round(std::string folder, unsigned seed) : seed_(seed) {
    database_ = core::Database::create(std::move(folder), [this](size_t count, const core::Status& status) {
      require_expected(status);
      settled_ += count;
    });
    core::OpenConfig config;
    config.column_families = {{.name = "log", .write_buffer_size = 64 << 10}};
    config.max_queued_bytes = 64 << 10;
    const core::Status opened = database_->open(config);
    require(opened.ok(), opened.message);
    for (const auto& [name, id] : database_->column_families()) {
      if (name == "log") log_ = id;
    }
  }

  void run() {
    for (unsigned i = 0; i < kWriters; ++i) start([this, i] { write_later(i); });
    start([this] { write_now(); });
    start([this] { read(); });
    start([this] { read_behind_writes(); });
    start([this] { iterate(); });
    start([this] { change_families(); });
    start([this] { maintain(); });
    // Some rounds end in peace, others are closed while everything is under way.
    if (seed_ % 2 == 0) {
      join();
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(5 * (seed_ % 7)));
    }
    const core::Status closed = database_->close();
    require(closed.ok(), closed.message);
    join();
    database_->join_threads();
    require(settled_ == taken_, "a write that was taken is not settled");
    require(pages_ended_ == pages_begun_, "a read behind writes has no end");
    database_.reset();
  }

 private:
  void start(std::function<void()> work) { threads_.emplace_back(std::move(work)); }
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void write_later(unsigned writer) {
    std::minstd_rand random(seed_ * kWriters + writer);
    for (int i = 0; i < kWritesOfARound; ++i) {
      const auto batch = put(log_, std::to_string(random() % 1000), std::string(random() % 500, 'v'));
      core::WriteQueue::Admission admission{};
      const core::WriteQueue::Terms terms{.sync = random() % 4 == 0,
                                          .writer = random() % 3 == 0 ? 0 : writer + 1,
                                          .behind_reads = random() % 5 == 0,
                                          .force = random() % 2 == 0};
      ++taken_;  // it may be settled before the call returns
      const core::Status status = database_->write_later(batch, terms, &admission);
      if (!status.ok() || admission == core::WriteQueue::Admission::kFull) --taken_;
      require_expected(status);
      if (random() % 3 == 0) database_->kick_writes();
    }
    database_->kick_writes();
  }

  void write_now() {
    for (int i = 0; i < kWritesOfARound / 8; ++i) {
      require_expected(database_->write(put(log_, "now " + std::to_string(i), "value"), i % 4 == 0));
    }
  }

  void read() {
    for (int i = 0; i < kWritesOfARound / 4; ++i) {
      const core::Database::Lease lease = database_->lease();
      if (!lease) return;
      core::PackedRows rows;
      std::optional<std::string> value;
      require_expected(database_->reader(lease).scan(log_, {}, &rows));
      require_expected(database_->reader(lease).get(log_, std::to_string(i), &value));
      require_expected(database_->property("rocksdb.estimate-num-keys", log_, &value));
    }
  }

  void read_behind_writes() {
    for (int i = 0; i < kWritesOfARound / 8; ++i) {
      ++pages_begun_;
      const bool as_run = i % 2 == 0;
      core::ScanRange range;
      if (as_run) {
        range.lower = "00000000";
        range.upper = "9";
      }
      const std::optional<std::string> head = as_run ? std::optional<std::string>("") : std::nullopt;
      const core::Status status = database_->read_behind_writes(
          log_, range, head, 4096, [this, i](const core::Status& read, const std::string&, bool is_last) {
            require_expected(read);
            if (is_last) ++pages_ended_;
            return i % 3 != 0;
          });
      if (!status.ok()) --pages_begun_;
      require_expected(status);
      database_->kick_writes();
    }
  }

  void iterate() {
    for (int i = 0; i < kWritesOfARound / 8; ++i) {
      std::shared_ptr<core::Iterator> iterator;
      const core::Status created = core::Iterator::create(database_, log_, {}, &iterator);
      require_expected(created);
      if (!created.ok()) return;
      const core::Database::Lease lease = database_->lease();
      core::PackedRows rows;
      if (lease) require_expected(iterator->next(lease, &rows));
    }
  }

  void change_families() {
    for (int i = 0; i < kWritesOfARound / 40; ++i) {
      const std::string name = "family " + std::to_string(i % 3);
      require_expected(database_->create_column_family(
          {.name = name, .write_buffer_size = {}}, [this](const core::Status& status, uint32_t id) {
            require_expected(status);
            if (status.ok()) require_expected(database_->check_write(put(id, "key", "value")));
          }));
      require_expected(
          database_->drop_column_family(name, [](const core::Status& status) { require_expected(status); }));
    }
  }

  void maintain() {
    for (int i = 0; i < kWritesOfARound / 80; ++i) {
      const core::Database::Lease lease = database_->lease();
      if (!lease) return;
      require_expected(
          database_->maintain(lease, "flush", [](const core::Maintenance& files) { return files.flush(); }));
      require_expected(database_->reclaim_space(log_, {}));
      require_expected(database_->limit_background_writes(i % 2 == 0 ? 8 << 20 : 0));
    }
  }

  const unsigned seed_;
  std::shared_ptr<core::Database> database_;
  uint32_t log_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<size_t> taken_ = 0;
  std::atomic<size_t> settled_ = 0;
  std::atomic<size_t> pages_begun_ = 0;
  std::atomic<size_t> pages_ended_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("Usage: stress FOLDER ROUNDS\n", stderr);
    return 2;
  }
  const std::string folder = arguments[1];
  const auto rounds = static_cast<unsigned>(std::strtoul(arguments[2], nullptr, 10));
  for (unsigned seed = 0; seed < rounds; ++seed) {
    Round(folder, seed).run();
    if (seed % 5 == 4) std::filesystem::remove_all(folder);
  }
  std::filesystem::remove_all(folder);
  std::printf("%u rounds\n", rounds);
  return 0;
}
