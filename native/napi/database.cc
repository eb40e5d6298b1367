#include "napi/database.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "core/iterator.h"
#include "napi/arguments.h"
#include "napi/inspection.h"
#include "napi/iterator.h"

namespace addon {

namespace {

// Copied, so that V8 allocates it: of its own it collects what is unused once there are 32 MiB of it, of what it is
// handed it lets far more pile up while a snapshot is read. A page of a long read is larger, and is handed over.
constexpr size_t kCopyUpTo = 512 << 10;

/** The request number under which writes settle: they need none, since they settle in the order of their calls. */
constexpr double kWrites = 0;

}  // namespace

Napi::Value to_buffer(Napi::Env env, std::string bytes) {
  if (bytes.size() <= kCopyUpTo) return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
  auto* owned = new std::string(std::move(bytes));
  return Napi::Buffer<char>::NewOrCopy(env, owned->data(), owned->size(),
                                       [owned](Napi::BasicEnv, char*) { delete owned; });
}

core::ScanRange take_scan_range(const Napi::CallbackInfo& info, size_t first) {
  return {.lower = copy_optional_bytes(info[first], "lower bound"),
          .upper = copy_optional_bytes(info[first + 1], "upper bound"),
          .reverse = take_boolean(info[first + 2], "reverse"),
          .limit = take_optional_integer(info[first + 3], "limit"),
          .max_bytes = take_optional_integer(info[first + 4], "maxBytes")};
}

/** Both bounds, of which the lower is the first key of a run. */
core::ScanRange take_run_range(const Napi::CallbackInfo& info, size_t first) {
  core::ScanRange range{.lower = copy_bytes(info[first], "first key"),
                        .upper = copy_bytes(info[first + 1], "upper bound"),
                        .limit = {},
                        .max_bytes = {}};
  if (range.lower->size() < core::CountedRun::kCounterBytes) {
    throw Napi::TypeError::New(info.Env(), "first key must be a Uint8Array of at least 8 bytes");
  }
  return range;
}

core::KeyRange take_key_range(const Napi::CallbackInfo& info, size_t first) {
  return {.lower = copy_optional_bytes(info[first], "lower bound"),
          .upper = copy_optional_bytes(info[first + 1], "upper bound")};
}

Napi::Function DatabaseObject::define(Napi::Env env) {
  return DefineClass(
      env, "Database",
      {
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::open>>("open"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::open_sync>>("openSync"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::close>>("close"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::close_sync>>("closeSync"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::get>>("get"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::get_sync>>("getSync"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::write>>("write"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::check_write>>("checkWrite"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::kick_writes>>("kickWrites"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::write_sync>>("writeSync"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::scan>>("scan"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::scan_sync>>("scanSync"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::read>>("read"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::read_run>>("readRun"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::read_run_sync>>("readRunSync"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::abandon_read>>("abandonRead"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::iterate>>("iterate"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::flush>>("flush"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::compact_range>>("compactRange"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::reclaim_space>>("reclaimSpace"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::limit_write_buffer>>("limitWriteBuffer"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::limit_background_writes>>("limitBackgroundWrites"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::checkpoint>>("checkpoint"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::property>>("property"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::bytes_in_files>>("bytesInFiles"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::sst_files>>("sstFiles"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::verify_sst_file>>("verifySstFile"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::salvage>>("salvage"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::memtables_to_flush>>("memtablesToFlush"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::create_column_family>>("createColumnFamily"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::drop_column_family>>("dropColumnFamily"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::column_families>>("columnFamilies"),
          InstanceMethod<&DatabaseObject::coded<&DatabaseObject::recovered>>("recovered"),
      });
}

DatabaseObject::DatabaseObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<DatabaseObject>(info),
      environment_(Environment::of(info.Env())),
      settle_(Napi::Persistent(take_function(info[0], "settle"))),
      make_error_(Napi::Persistent(take_function(info[1], "makeError"))),
      address_(environment_->register_object(this)) {}

DatabaseObject::~DatabaseObject() {
  environment_->forget_object(address_);
  if (database_) Environment::abandon(database_);
}

// ── Results and errors ───────────────────────────────────────────────────────────────────────────────────────────────

void DatabaseObject::expect(Napi::Env env) {
  // While a result is on its way, this object must not be collected.
  if (pending_++ == 0) Ref();
  environment_->mailbox().expect(env);
}

void DatabaseObject::settle(Napi::Env env, std::span<Result> results) {
  const Napi::HandleScope scope(env);
  [[maybe_unused]] const Napi::Object self = Value();  // keeps this object until the call below is over
  for (const Result& result : results) {
    pending_ -= result.completes;
    if (!reads_.empty()) reads_.erase(result.request);
  }
  if (pending_ == 0) Unref();

  Napi::Array values = Napi::Array::New(env, results.size() * 3);
  uint32_t at = 0;
  for (Result& result : results) {
    values[at++] = Napi::Number::New(env, result.request);
    values[at++] = result.status.ok() ? env.Undefined() : error_value(env, result.status);
    if (const auto* number = std::get_if<uint32_t>(&result.value)) {
      values[at++] = Napi::Number::New(env, *number);
    } else if (auto* bytes = std::get_if<std::string>(&result.value)) {
      values[at++] = to_buffer(env, std::move(*bytes));
    } else {
      values[at++] = env.Undefined();
    }
  }
  settle_.Call({values});
}

Napi::Value DatabaseObject::error_value(Napi::Env env, const core::Status& status) {
  return make_error_.Call({Napi::String::New(env, core::name_of(status.code)), Napi::String::New(env, status.message)});
}

void DatabaseObject::throw_status(Napi::Env env, const core::Status& status) {
  throw Napi::Error(env, error_value(env, status));
}

bool DatabaseObject::post(core::TaskQueue& queue, double request, const char* operation, Work work) {
  const bool posted = queue.post([environment = environment_, address = address_, database = database_, request,
                                  operation, work = std::move(work)] {
    Result result{.database = address, .request = request, .status = {}, .value = {}};
    try {
      work(*database, result);
    } catch (const std::exception& error) {  // out of memory: a thread that lets it pass ends the process
      result.status = {core::ErrorCode::kAborted,
                       std::string(operation) + " " + database->path() + ": " + error.what()};
    }
    environment->mailbox().post(std::move(result));
  });
  if (posted) expect(Env());
  return posted;
}

void DatabaseObject::run(core::TaskQueue& queue, double request, const char* operation, LeasedWork work) {
  auto held = std::make_shared<core::Database::Lease>(lease(Env(), operation));
  post(queue, request, operation,
       [held, work = std::move(work)](core::Database& database, Result& result) { work(database, *held, result); });
}

core::Database::Lease DatabaseObject::lease(Napi::Env env, const char* operation) {
  core::Database& database = opened(env);
  core::Database::Lease held = database.lease();
  if (!held) throw_status(env, database.closed(operation));
  return held;
}

core::Database& DatabaseObject::opened(Napi::Env env) {
  if (!database_) throw_status(env, {core::ErrorCode::kClosed, "the database was never opened"});
  return *database_;
}

// ── Opening and closing ──────────────────────────────────────────────────────────────────────────────────────────────

void DatabaseObject::create_core(Napi::Env env, std::string path) {
  if (database_) throw_status(env, {core::ErrorCode::kInvalidArgument, "open: this object has been opened before"});
  database_ = core::Database::create(
      std::move(path), [environment = environment_, address = address_](size_t count, const core::Status& status) {
        environment->mailbox().post({.database = address,
                                     .request = kWrites,
                                     .status = status,
                                     .value = static_cast<uint32_t>(count),
                                     .completes = count});
      });
  environment_->keep(database_);
}

void DatabaseObject::open(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  std::string path = take_string(info[1], "path");
  core::OpenConfig config = take_open_config(info[2]);
  create_core(info.Env(), std::move(path));
  post(database_->maintenance_queue(), request, "open",
       [config = std::move(config)](core::Database& database, Result& result) {
         result.status = database.open(config);
       });
}

void DatabaseObject::open_sync(const Napi::CallbackInfo& info) {
  std::string path = take_string(info[0], "path");
  const core::OpenConfig config = take_open_config(info[1]);
  create_core(info.Env(), std::move(path));
  throw_if_failed(info.Env(), database_->open(config));
}

void DatabaseObject::close(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  core::Database& database = opened(info.Env());
  database.begin_closing();
  bool posted = false;
  try {
    posted = post(database.maintenance_queue(), request, "close",
                  [](core::Database& closing, Result& result) { result.status = closing.close(); });
  } catch (const std::system_error&) {
    posted = false;  // no thread is to be had, and what has begun must end: here, then
  }
  if (!posted) {  // or it was closed before: its threads are gone, and what there is to report is known
    environment_->mailbox().post({.database = address_, .request = request, .status = database.close(), .value = {}});
    expect(info.Env());
  }
}

void DatabaseObject::close_sync(const Napi::CallbackInfo& info) {
  const core::Status status = opened(info.Env()).close();
  environment_->sweep();
  throw_if_failed(info.Env(), status);
}

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

void DatabaseObject::get(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  std::string key = copy_bytes(info[2], "key");
  run(opened(info.Env()).reader_queue(), request, "get from",
      [family, key = std::move(key)](core::Database& database, const core::Database::Lease& held, Result& result) {
        std::optional<std::string> value;
        result.status = database.reader(held).get(family, key, &value);
        if (value) result.value = std::move(*value);
      });
}

Napi::Value DatabaseObject::get_sync(const Napi::CallbackInfo& info) {
  const uint32_t family = take_family(info[0]);
  const std::span<const uint8_t> key = take_bytes(info[1], "key");
  std::optional<std::string> value;
  const core::Database::Lease held = lease(info.Env(), "get from");
  throw_if_failed(info.Env(),
                  database_->reader(held).get(family, {reinterpret_cast<const char*>(key.data()), key.size()}, &value));
  return value ? to_buffer(info.Env(), std::move(*value)) : info.Env().Undefined();
}

void DatabaseObject::scan(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  core::ScanRange range = take_scan_range(info, 2);
  run(opened(info.Env()).reader_queue(), request, "scan",
      [family, range = std::move(range)](core::Database& database, const core::Database::Lease& held, Result& result) {
        core::PackedRows rows;
        result.status = database.reader(held).scan(family, range, &rows);
        if (result.status.ok()) result.value = std::move(rows).finish();
      });
}

Napi::Value DatabaseObject::scan_sync(const Napi::CallbackInfo& info) {
  const uint32_t family = take_family(info[0]);
  const core::ScanRange range = take_scan_range(info, 1);
  core::PackedRows rows;
  const core::Database::Lease held = lease(info.Env(), "scan");
  throw_if_failed(info.Env(), database_->reader(held).scan(family, range, &rows));
  return to_buffer(info.Env(), std::move(rows).finish());
}

void DatabaseObject::read(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  core::ScanRange range{.lower = copy_optional_bytes(info[2], "lower bound"),
                        .upper = copy_optional_bytes(info[3], "upper bound"),
                        .limit = take_optional_integer(info[5], "limit"),
                        .max_bytes = {}};
  read_pages(request, family, std::move(range), {}, take_integer(info[4], "page bytes"));
}

void DatabaseObject::read_run(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  core::ScanRange range = take_run_range(info, 2);
  std::string head = copy_bytes(info[4], "head");
  read_pages(request, family, std::move(range), std::move(head), take_integer(info[5], "page bytes"));
}

void DatabaseObject::read_pages(double request, uint32_t family, core::ScanRange range, std::optional<std::string> head,
                                uint64_t page_bytes) {
  auto wanted = std::make_shared<std::atomic<bool>>(true);
  auto take = [environment = environment_, address = address_, request, wanted](const core::Status& status,
                                                                                std::string page, bool is_last) {
    environment->mailbox().post({.database = address,
                                 .request = is_last ? request : -request,
                                 .status = status,
                                 .value = std::move(page),
                                 .completes = is_last ? 1U : 0U});
    return wanted->load();
  };
  throw_if_failed(Env(), opened(Env()).read_behind_writes(family, std::move(range), std::move(head),
                                                          std::max<uint64_t>(1, page_bytes), std::move(take)));
  reads_.insert_or_assign(request, std::move(wanted));
  expect(Env());
}

Napi::Value DatabaseObject::read_run_sync(const Napi::CallbackInfo& info) {
  const uint32_t family = take_family(info[0]);
  const core::ScanRange range = take_run_range(info, 1);
  const std::string head = copy_bytes(info[3], "head");
  const uint64_t page_bytes = take_integer(info[4], "page bytes");
  core::RunMemory memory(take_memory(info[5], "memory"));
  const core::Database::Lease held = lease(info.Env(), "read from");
  size_t needed = 0;
  throw_if_failed(info.Env(), database_->reader(held).read_run(family, range, head, page_bytes, &memory, &needed));
  return Napi::Number::New(info.Env(), static_cast<double>(needed > 0 ? needed : memory.size()));
}

void DatabaseObject::abandon_read(const Napi::CallbackInfo& info) {
  const auto found = reads_.find(take_request(info[0]));
  if (found != reads_.end()) *found->second = false;
}

Napi::Value DatabaseObject::iterate(const Napi::CallbackInfo& info) {
  const uint32_t family = take_family(info[0]);
  core::ScanRange range = take_scan_range(info, 1);
  opened(info.Env());
  std::shared_ptr<core::Iterator> iterator;
  throw_if_failed(info.Env(), core::Iterator::create(database_, family, std::move(range), &iterator));
  return IteratorObject::create(*this, std::move(iterator));
}

Napi::Value DatabaseObject::property(const Napi::CallbackInfo& info) {
  const std::string name = take_string(info[0], "name");
  const std::optional<uint32_t> family = take_optional_family(info[1]);
  std::optional<std::string> value;
  throw_if_failed(info.Env(), opened(info.Env()).property(name, family, &value));
  return value ? Napi::String::New(info.Env(), *value) : info.Env().Undefined();
}

Napi::Value DatabaseObject::bytes_in_files(const Napi::CallbackInfo& info) {
  const uint32_t family = take_family(info[0]);
  const std::string lower = copy_bytes(info[1], "lower bound");
  const std::string upper = copy_bytes(info[2], "upper bound");
  uint64_t bytes = 0;
  const core::Database::Lease held = lease(info.Env(), "measure");
  throw_if_failed(info.Env(), database_->reader(held).bytes_in_files(family, lower, upper, &bytes));
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value DatabaseObject::sst_files(const Napi::CallbackInfo& info) {
  const core::Database::Lease held = lease(info.Env(), "list the files of");
  const std::vector<rocksdb::LiveFileMetaData> files = database_->reader(held).sst_files();
  Napi::Array values = Napi::Array::New(info.Env(), files.size() * 3);
  uint32_t at = 0;
  for (const rocksdb::LiveFileMetaData& file : files) {
    values[at++] = Napi::String::New(info.Env(), file.name);
    values[at++] = Napi::String::New(info.Env(), file.column_family_name);
    values[at++] = Napi::Number::New(info.Env(), static_cast<double>(file.size));
  }
  return values;
}

void DatabaseObject::verify_sst_file(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  std::string name = take_string(info[1], "name");
  run(opened(info.Env()).reader_queue(), request, "verify",
      [name = std::move(name)](core::Database& database, const core::Database::Lease& held, Result& result) {
        result.status = database.reader(held).verify_sst_file(name);
      });
}

void DatabaseObject::salvage(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  std::string from = copy_bytes(info[2], "from");
  run(opened(info.Env()).reader_queue(), request, "salvage",
      [family, from = std::move(from)](core::Database& database, const core::Database::Lease& held, Result& result) {
        core::PackedRows rows;
        result.status = database.salvage(held, family, from, &rows);
        if (result.status.ok()) result.value = std::move(rows).finish();
      });
}

Napi::Value DatabaseObject::memtables_to_flush(const Napi::CallbackInfo& info) {
  uint64_t count = 0;
  throw_if_failed(info.Env(), opened(info.Env()).memtables_to_flush(&count));
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

Napi::Value DatabaseObject::column_families(const Napi::CallbackInfo& info) {
  const auto families = opened(info.Env()).column_families();
  Napi::Array pairs = Napi::Array::New(info.Env(), families.size() * 2);
  uint32_t at = 0;
  for (const auto& [name, id] : families) {
    pairs[at++] = Napi::String::New(info.Env(), name);
    pairs[at++] = Napi::Number::New(info.Env(), id);
  }
  return pairs;
}

Napi::Value DatabaseObject::recovered(const Napi::CallbackInfo& info) {
  const std::optional<core::Recovered>& recovered = opened(info.Env()).recovered();
  return recovered ? to_object(info.Env(), *recovered) : info.Env().Undefined();
}

// ── Writing and maintenance ──────────────────────────────────────────────────────────────────────────────────────────

Napi::Value DatabaseObject::write(const Napi::CallbackInfo& info) {
  const std::span<const uint8_t> packed = take_packed_batch(info[0], info[1]);
  const core::WriteQueue::Terms terms{.sync = take_boolean(info[2], "sync"),
                                      .writer = take_uint32(info[3], "writer"),
                                      .behind_reads = take_boolean(info[4], "behindReads"),
                                      .force = take_boolean(info[5], "force")};
  auto admission = core::WriteQueue::Admission::kTaken;
  throw_if_failed(info.Env(), opened(info.Env()).write_later(packed, terms, &admission));
  const bool taken = admission == core::WriteQueue::Admission::kTaken;
  if (taken) expect(info.Env());
  return Napi::Boolean::New(info.Env(), taken);
}

void DatabaseObject::check_write(const Napi::CallbackInfo& info) {
  throw_if_failed(info.Env(), opened(info.Env()).check_write(take_packed_batch(info[0], info[1])));
}

void DatabaseObject::kick_writes(const Napi::CallbackInfo& info) { opened(info.Env()).kick_writes(); }

void DatabaseObject::write_sync(const Napi::CallbackInfo& info) {
  const std::span<const uint8_t> packed = take_packed_batch(info[0], info[1]);
  const bool sync = take_boolean(info[2], "sync");
  throw_if_failed(info.Env(), opened(info.Env()).write(packed, sync));
}

void DatabaseObject::flush(const Napi::CallbackInfo& info) {
  run(opened(info.Env()).maintenance_queue(), take_request(info[0]), "flush",
      [](core::Database& database, const core::Database::Lease& held, Result& result) {
        result.status = database.maintain(held, "flush", [](const core::Maintenance& files) { return files.flush(); });
      });
}

void DatabaseObject::compact_range(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  core::KeyRange range = take_key_range(info, 2);
  run(opened(info.Env()).maintenance_queue(), request, "compact",
      [family, range = std::move(range)](core::Database& database, const core::Database::Lease& held, Result& result) {
        result.status = database.maintain(
            held, "compact", [&](const core::Maintenance& files) { return files.compact_range(family, range); });
      });
}

void DatabaseObject::reclaim_space(const Napi::CallbackInfo& info) {
  constexpr const char* kOperation = "give back space";
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  core::KeyRange range = take_key_range(info, 2);
  lease(info.Env(), kOperation);  // for this call: what is closed already says so at once
  post(database_->reclaim_queue(), request, kOperation,
       [family, range = std::move(range)](core::Database& database, Result& result) {
         result.status = database.reclaim_space(family, range);
       });
}

void DatabaseObject::limit_write_buffer(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const uint32_t family = take_family(info[1]);
  const uint64_t bytes = take_integer(info[2], "bytes");
  run(opened(info.Env()).maintenance_queue(), request, "limit",
      [family, bytes](core::Database& database, const core::Database::Lease& held, Result& result) {
        result.status = database.limit_write_buffer(held, family, bytes);
      });
}

void DatabaseObject::limit_background_writes(const Napi::CallbackInfo& info) {
  const uint64_t bytes_per_second = take_integer(info[0], "bytes per second");
  throw_if_failed(info.Env(), opened(info.Env()).limit_background_writes(bytes_per_second));
}

void DatabaseObject::checkpoint(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  std::string path = take_string(info[1], "path");
  run(opened(info.Env()).maintenance_queue(), request, "checkpoint",
      [path = std::move(path)](core::Database& database, const core::Database::Lease& held, Result& result) {
        result.status = database.checkpoint(held, path);
      });
}

void DatabaseObject::create_column_family(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const core::ColumnFamilyConfig config = take_column_family_config(info[1]);
  throw_if_failed(info.Env(), opened(info.Env())
                                  .create_column_family(config, [environment = environment_, address = address_,
                                                                 request](const core::Status& status, uint32_t id) {
                                    environment->mailbox().post(
                                        {.database = address, .request = request, .status = status, .value = id});
                                  }));
  expect(info.Env());
}

void DatabaseObject::drop_column_family(const Napi::CallbackInfo& info) {
  const double request = take_request(info[0]);
  const std::string name = take_string(info[1], "name");
  throw_if_failed(info.Env(), opened(info.Env())
                                  .drop_column_family(name, [environment = environment_, address = address_,
                                                             request](const core::Status& status) {
                                    environment->mailbox().post(
                                        {.database = address, .request = request, .status = status, .value = {}});
                                  }));
  expect(info.Env());
}

}  // namespace addon
