// The addon's entry: defines its classes in one JavaScript environment.

#include <napi.h>

#include "core/crc32c.h"
#include "napi/arguments.h"
#include "napi/database.h"
#include "napi/environment.h"
#include "napi/inspection.h"
#include "napi/iterator.h"
#include "rocksdb/version.h"

namespace {

// bytes, initial
Napi::Value crc32c(const Napi::CallbackInfo& info) {
  const std::span<const uint8_t> bytes = addon::take_bytes(info[0], "bytes");
  return Napi::Number::New(info.Env(), core::crc32c(addon::take_uint32(info[1], "initial"), bytes));
}

// folder; gives a promise of an inspection, or of [code, message]
Napi::Value inspect(const Napi::CallbackInfo& info) {
  return addon::inspect_later(info.Env(), addon::take_string(info[0], "folder"));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  addon::Environment::install(env, addon::IteratorObject::define(env));
  exports.Set("Database", addon::DatabaseObject::define(env));
  exports.Set("crc32c", Napi::Function::New<crc32c>(env, "crc32c"));
  exports.Set("inspect", Napi::Function::New<inspect>(env, "inspect"));
  exports.Set("rocksdbVersion", rocksdb::GetRocksVersionAsString());
  return exports;
}

}  // namespace

NODE_API_MODULE(omnipaxos_rocksdb, initialize)
