#include "napi/arguments.h"

#include <cmath>
#include <limits>

namespace addon {

namespace {

[[noreturn]] void refuse(const Napi::Value& value, const char* what, const char* wanted) {
  throw Napi::TypeError::New(value.Env(), std::string(what) + " must be " + wanted);
}

Napi::Object take_object(const Napi::Value& value, const char* what) {
  if (!value.IsObject()) refuse(value, what, "an object");
  return value.As<Napi::Object>();
}

}  // namespace

std::string take_string(const Napi::Value& value, const char* what) {
  if (!value.IsString()) refuse(value, what, "a string");
  return value.As<Napi::String>().Utf8Value();
}

bool take_boolean(const Napi::Value& value, const char* what) {
  if (!value.IsBoolean()) refuse(value, what, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

double take_request(const Napi::Value& value) {
  if (!value.IsNumber()) refuse(value, "request", "a number");
  return value.As<Napi::Number>().DoubleValue();
}

uint64_t take_integer(const Napi::Value& value, const char* what) {
  constexpr double kMaxSafeInteger = 9007199254740991.0;
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= kMaxSafeInteger) || std::trunc(number) != number) {
    refuse(value, what, "an integer from 0 to 2^53 - 1");
  }
  return static_cast<uint64_t>(number);
}

uint32_t take_uint32(const Napi::Value& value, const char* what) {
  const uint64_t number = take_integer(value, what);
  if (number > std::numeric_limits<uint32_t>::max()) refuse(value, what, "an integer below 2^32");
  return static_cast<uint32_t>(number);
}

uint32_t take_family(const Napi::Value& value) { return take_uint32(value, "column family"); }

Napi::Function take_function(const Napi::Value& value, const char* what) {
  if (!value.IsFunction()) refuse(value, what, "a function");
  return value.As<Napi::Function>();
}

std::span<uint8_t> take_memory(const Napi::Value& value, const char* what) {
  // One call for what Napi::TypedArray asks in five: this is on the way of every append.
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) refuse(value, what, "a Uint8Array");
  return {static_cast<uint8_t*>(data), length};
}

std::span<const uint8_t> take_bytes(const Napi::Value& value, const char* what) { return take_memory(value, what); }

std::span<const uint8_t> take_packed_batch(const Napi::Value& buffer, const Napi::Value& length) {
  const std::span<const uint8_t> bytes = take_bytes(buffer, "batch");
  const uint64_t used = take_integer(length, "length");
  if (used > bytes.size()) refuse(length, "length", "at most that of the batch");
  return bytes.first(used);
}

std::string copy_bytes(const Napi::Value& value, const char* what) {
  const std::span<const uint8_t> bytes = take_bytes(value, what);
  return {bytes.begin(), bytes.end()};
}

std::optional<uint32_t> take_optional_family(const Napi::Value& value) {
  if (value.IsUndefined()) return std::nullopt;
  return take_family(value);
}

std::optional<uint64_t> take_optional_integer(const Napi::Value& value, const char* what) {
  if (value.IsUndefined()) return std::nullopt;
  return take_integer(value, what);
}

std::optional<std::string> copy_optional_bytes(const Napi::Value& value, const char* what) {
  if (value.IsUndefined()) return std::nullopt;
  return copy_bytes(value, what);
}

core::ColumnFamilyConfig take_column_family_config(const Napi::Value& value) {
  const Napi::Object object = take_object(value, "column family");
  return {.name = take_string(object.Get("name"), "name"),
          .write_buffer_size = take_optional_integer(object.Get("writeBufferSize"), "writeBufferSize")};
}

core::OpenConfig take_open_config(const Napi::Value& value) {
  const Napi::Object object = take_object(value, "options");
  core::OpenConfig config;
  const Napi::Value families = object.Get("columnFamilies");
  if (!families.IsArray()) refuse(families, "columnFamilies", "an array");
  const auto array = families.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    config.column_families.push_back(take_column_family_config(array.Get(i)));
  }
  config.create_if_missing = take_boolean(object.Get("createIfMissing"), "createIfMissing");
  config.create_missing_column_families =
      take_boolean(object.Get("createMissingColumnFamilies"), "createMissingColumnFamilies");
  config.error_if_exists = take_boolean(object.Get("errorIfExists"), "errorIfExists");
  config.read_only = take_boolean(object.Get("readOnly"), "readOnly");
  config.keep_writers_out = take_boolean(object.Get("keepWritersOut"), "keepWritersOut");
  config.tolerate_damage = take_boolean(object.Get("tolerateDamage"), "tolerateDamage");
  config.recover_what_is_there = take_boolean(object.Get("recoverWhatIsThere"), "recoverWhatIsThere");
  config.max_total_wal_size = take_integer(object.Get("maxTotalWalSize"), "maxTotalWalSize");
  config.recycle_wal_files = take_integer(object.Get("recycleWalFiles"), "recycleWalFiles");
  config.max_queued_bytes = take_integer(object.Get("maxQueuedBytes"), "maxQueuedBytes");
  config.max_open_files = take_optional_integer(object.Get("maxOpenFiles"), "maxOpenFiles");
  return config;
}

}  // namespace addon
