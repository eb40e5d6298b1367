// The addon's entry: defines its classes in one JavaScript environment.

#include <napi.h>

#include "core/crc32c.h"
#include "napi/arguments.h"
#include "napi/database.h"
#include "napi/environment.h"
#include "napi/iterator.h"
#include "rocksdb/version.h"

namespace {

// bytes, initial
Napi::Value crc32c(const Napi::CallbackInfo& info) {
  const std::span<const uint8_t> bytes = skin::take_bytes(info[0], "bytes");
  return Napi::Number::New(info.Env(), core::crc32c(skin::take_uint32(info[1], "initial"), bytes));
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  skin::Environment::install(env, skin::IteratorObject::define(env));
  exports.Set("Database", skin::DatabaseObject::define(env));
  exports.Set("crc32c", Napi::Function::New<crc32c>(env, "crc32c"));
  exports.Set("rocksdbVersion", rocksdb::GetRocksVersionAsString());
  return exports;
}

}  // namespace

NODE_API_MODULE(omnipaxos_rocksdb, initialize)
