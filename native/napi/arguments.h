// Arguments from JavaScript, taken with their type checked. binding/ has checked them before, with better messages;
// this is what keeps the process alive if it has not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <napi.h>

#include "core/options.h"

namespace addon {

// Each throws a Napi::TypeError that names `what`.
std::string take_string(const Napi::Value& value, const char* what);
bool take_boolean(const Napi::Value& value, const char* what);
/** A request's number: any double, it only travels there and back. */
double take_request(const Napi::Value& value);
uint32_t take_uint32(const Napi::Value& value, const char* what);
uint32_t take_family(const Napi::Value& value);
/** A whole number from 0 to 2^53 - 1. */
uint64_t take_integer(const Napi::Value& value, const char* what);
Napi::Function take_function(const Napi::Value& value, const char* what);

/** Valid until JavaScript runs again: copy it first. */
std::span<const uint8_t> take_bytes(const Napi::Value& value, const char* what);
/** Bytes to be written to, before JavaScript runs again. */
std::span<uint8_t> take_memory(const Napi::Value& value, const char* what);
/** The first `length` bytes of a buffer that is used again and again. */
std::span<const uint8_t> take_packed_batch(const Napi::Value& buffer, const Napi::Value& length);
std::string copy_bytes(const Napi::Value& value, const char* what);

std::optional<uint32_t> take_optional_family(const Napi::Value& value);
std::optional<uint64_t> take_optional_integer(const Napi::Value& value, const char* what);
std::optional<std::string> copy_optional_bytes(const Napi::Value& value, const char* what);

core::ColumnFamilyConfig take_column_family_config(const Napi::Value& value);
core::OpenConfig take_open_config(const Napi::Value& value);

}  // namespace addon
