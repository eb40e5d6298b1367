// The addon's entry: defines its classes in one JavaScript environment.

#include <napi.h>

#include "napi/database.h"
#include "napi/environment.h"
#include "napi/iterator.h"
#include "rocksdb/version.h"

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  skin::Environment::install(env, skin::IteratorObject::define(env));
  exports.Set("Database", skin::DatabaseObject::define(env));
  exports.Set("rocksdbVersion", rocksdb::GetRocksVersionAsString());
  return exports;
}

}  // namespace

NODE_API_MODULE(omnipaxos_rocksdb, initialize)
