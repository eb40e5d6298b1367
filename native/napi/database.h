// The addon's `Database`: translates calls and results, and decides nothing. Asynchronous methods take a request number
// first; their result comes back through `settle`, the function given to the constructor, as one flat array of
// [request, error or undefined, value, request, …] for all results that are ready. Writes have no number: they settle
// in the order of their calls, under the request 0, with the number of writes as the value. Every page of a `read` but
// its last comes under the negative of its number.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>

#include <napi.h>

#include "core/database.h"
#include "napi/environment.h"

namespace addon {

class DatabaseObject : public Napi::ObjectWrap<DatabaseObject> {
 public:
  static Napi::Function define(Napi::Env env);

  /** new Database(settle(results), makeError(code, message)) */
  explicit DatabaseObject(const Napi::CallbackInfo& info);
  ~DatabaseObject() override;

  void settle(Napi::Env env, std::span<Result> results);

  /** What runs on another thread: reads or writes `result`. */
  using Work = std::function<void(core::Database& database, Result& result)>;
  using LeasedWork = std::function<void(core::Database& database, const core::Database::Lease& held, Result& result)>;
  /** Runs `work` on `queue` under a lease taken now; throws CLOSED where there is none to be had. */
  void run(core::TaskQueue& queue, double request, const char* operation, LeasedWork work);

  [[noreturn]] void throw_status(Napi::Env env, const core::Status& status);
  void throw_if_failed(Napi::Env env, const core::Status& status) {
    if (!status.ok()) throw_status(env, status);
  }

  /**
   * `call` with what the C++ library throws (no memory, no thread) turned into an error with a code: node-addon-api
   * would make a plain Error of it.
   */
  template <typename Call>
  auto with_code(Napi::Env env, const Call& call) -> decltype(call()) {
    try {
      return call();
    } catch (const Napi::Error&) {
      throw;  // has its code, if it is to have one
    } catch (const std::exception& error) {
      throw_status(env,
                   {core::ErrorCode::kAborted, database_ ? database_->path() + ": " + error.what() : error.what()});
    }
  }

 private:
  template <auto Method>
  auto coded(const Napi::CallbackInfo& info) -> decltype((this->*Method)(info)) {
    return with_code(info.Env(), [&] { return (this->*Method)(info); });
  }

  void open(const Napi::CallbackInfo& info);       // request, path, options
  void open_sync(const Napi::CallbackInfo& info);  // path, options
  void close(const Napi::CallbackInfo& info);      // request
  void close_sync(const Napi::CallbackInfo& info);
  void get(const Napi::CallbackInfo& info);              // request, family, key
  Napi::Value get_sync(const Napi::CallbackInfo& info);  // family, key
  // packed batch, its length, sync, writer, behind reads, force; taken?
  Napi::Value write(const Napi::CallbackInfo& info);
  void check_write(const Napi::CallbackInfo& info);  // packed batch, its length
  void kick_writes(const Napi::CallbackInfo& info);
  void write_sync(const Napi::CallbackInfo& info);        // packed batch, its length, sync
  void scan(const Napi::CallbackInfo& info);              // request, family, lower, upper, reverse, limit, max bytes
  Napi::Value scan_sync(const Napi::CallbackInfo& info);  // family, lower, upper, reverse, limit, max bytes
  void read(const Napi::CallbackInfo& info);              // request, family, lower, upper, page bytes, limit
  void read_run(const Napi::CallbackInfo& info);          // request, family, first key, upper, head, page bytes
  Napi::Value read_run_sync(const Napi::CallbackInfo& info);     // family, first key, upper, head, page bytes, memory
  void abandon_read(const Napi::CallbackInfo& info);             // request
  Napi::Value iterate(const Napi::CallbackInfo& info);           // family, lower, upper, reverse, limit, max bytes
  void flush(const Napi::CallbackInfo& info);                    // request
  void compact_range(const Napi::CallbackInfo& info);            // request, family, lower, upper
  void reclaim_space(const Napi::CallbackInfo& info);            // request, family, lower, upper
  void limit_write_buffer(const Napi::CallbackInfo& info);       // request, family, bytes
  void limit_background_writes(const Napi::CallbackInfo& info);  // bytes per second
  void checkpoint(const Napi::CallbackInfo& info);               // request, path
  Napi::Value property(const Napi::CallbackInfo& info);          // name, family
  Napi::Value bytes_in_files(const Napi::CallbackInfo& info);    // family, lower, upper
  Napi::Value sst_files(const Napi::CallbackInfo& info);         // [name, column family, bytes, name, …]
  void verify_sst_file(const Napi::CallbackInfo& info);          // request, name
  void salvage(const Napi::CallbackInfo& info);                  // request, family, from
  Napi::Value memtables_to_flush(const Napi::CallbackInfo& info);
  void create_column_family(const Napi::CallbackInfo& info);    // request, options
  void drop_column_family(const Napi::CallbackInfo& info);      // request, name
  Napi::Value column_families(const Napi::CallbackInfo& info);  // [name, id, name, …]
  Napi::Value recovered(const Napi::CallbackInfo& info);

  void read_pages(double request, uint32_t family, core::ScanRange range, std::optional<std::string> head,
                  uint64_t page_bytes);
  /** False where the queue takes no more tasks. */
  bool post(core::TaskQueue& queue, double request, const char* operation, Work work);
  core::Database& opened(Napi::Env env);
  /** Throws CLOSED where there is none to be had. */
  core::Database::Lease lease(Napi::Env env, const char* operation);
  void create_core(Napi::Env env, std::string path);
  void expect(Napi::Env env);
  Napi::Value error_value(Napi::Env env, const core::Status& status);

  const std::shared_ptr<Environment> environment_;
  Napi::FunctionReference settle_;
  Napi::FunctionReference make_error_;
  const uint64_t address_;  // taken last: a constructor that throws leaves no dangling one
  std::shared_ptr<core::Database> database_;
  size_t pending_ = 0;
  /** Whether what a `read` under way finds is still wanted, by its request. */
  std::unordered_map<double, std::shared_ptr<std::atomic<bool>>> reads_;
};

core::KeyRange take_key_range(const Napi::CallbackInfo& info, size_t first);
core::ScanRange take_scan_range(const Napi::CallbackInfo& info, size_t first);
/** A Buffer; a long one takes over the string's memory instead of copying it. */
Napi::Value to_buffer(Napi::Env env, std::string bytes);

}  // namespace addon
