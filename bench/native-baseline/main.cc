// What the speed bars are measured against: the disk alone, and RocksDB in C++ alone. It takes a folder of its own,
// reads requests from stdin (request.h), and answers each with one line of JSON, so that a runner can interleave it
// with others.

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

#include "raw_file.h"
#include "request.h"
#include "rocksdb/version.h"
#include "rocksdb_log.h"

namespace bench {

namespace {

constexpr uint64_t kEntryBytes = 128;
constexpr uint64_t kReadEntries = 10'000;

class Baseline {
 public:
  explicit Baseline(std::string folder) : folder_(std::move(folder)) {}

  std::string answer(const Request& request) {
    const std::string& work = request.work();
    const auto time = std::chrono::milliseconds(request.number("ms", 0));
    const size_t entry_bytes = request.number("entryBytes", kEntryBytes);
    if (work == "append") return append(log(), request.number("batch", 1), entry_bytes, time);
    if (work == "read") return read(request.number("batch", kReadEntries), entry_bytes, time);
    if (work == "append-cold") {
      const std::string cold = folder_ + "/cold";
      std::string answer;
      {
        RocksdbLog fresh(cold);
        answer = append(fresh, request.number("batch", 1), entry_bytes, time);
      }
      std::filesystem::remove_all(cold);
      return answer;
    }
    if (work == "append-reopened") {
      const std::string path = folder_ + "/reopened";
      if (!std::filesystem::exists(path)) RocksdbLog(path).append(1, entry_bytes, time);
      RocksdbLog reopened(path);
      const std::string answer = append(reopened, request.number("batch", 1), entry_bytes, time);
      reopened.settle();
      return answer;
    }
    if (work == "write-growing") return raw(write_to_growing_file(folder_, entry_bytes, time));
    if (work == "write-preallocated") return raw(write_to_preallocated_file(folder_, entry_bytes, time));
    if (work == "settle") {
      if (log_) log_->settle();
      return "{}";
    }
    if (work == "sync-file-system") {
      sync_file_system(folder_);
      return "{}";
    }
    throw std::invalid_argument("unknown work: " + work);
  }

 private:
  static std::string append(RocksdbLog& log, uint64_t batch, size_t entry_bytes, std::chrono::milliseconds time) {
    const uint64_t fsyncs_before = log.fsyncs();
    const Sample sample = log.append(batch, entry_bytes, time);
    return sample.to_json(log.fsyncs() - fsyncs_before);
  }

  /** Of a database of its own, which nothing else is written to. */
  std::string read(uint64_t entries, size_t entry_bytes, std::chrono::milliseconds time) {
    if (!read_log_) read_log_.emplace(folder_ + "/read");
    return read_log_->read(entries, entry_bytes, time).to_json(0);
  }

  static std::string raw(const Sample& sample) { return sample.to_json(sample.calls()); }

  RocksdbLog& log() {
    if (!log_) log_.emplace(folder_ + "/db");
    return *log_;
  }

  const std::string folder_;
  std::optional<RocksdbLog> log_;
  std::optional<RocksdbLog> read_log_;
};

void serve(const std::string& folder) {
  Baseline baseline(folder);
  std::cout << R"({"version":"RocksDB )" << ROCKSDB_MAJOR << '.' << ROCKSDB_MINOR << '.' << ROCKSDB_PATCH
            << R"(","durability":"WriteOptions::sync"})" << '\n'
            << std::flush;
  for (std::string line; std::getline(std::cin, line);)
    std::cout << baseline.answer(Request(line)) << '\n' << std::flush;
}

}  // namespace

}  // namespace bench

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::cerr << "usage: native-baseline FOLDER, with requests on stdin: see bench/README.md\n";
    return 2;
  }
  try {
    bench::serve(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << "native-baseline: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
