// The outcome of an operation, in the vocabulary that JavaScript sees. Every failure names what was tried and where.
#pragma once

#include <string>
#include <string_view>

#include "rocksdb/status.h"

namespace core {

/** The names, in order, are those of `RocksErrorCode` in binding/rocks-error.ts; see `name_of`. */
enum class ErrorCode {
  kNone,
  kAborted,
  kBusy,
  kClosed,
  kColumnFamilyExists,
  kColumnFamilyNotFound,
  kCorruption,
  kInvalidArgument,
  kIoError,
  kLocked,
  kNotFound,
  kNotSupported,
  kNoSpace,
  kReadOnly,
  kTimedOut,
};

const char* name_of(ErrorCode code);

struct [[nodiscard]] Status {
  ErrorCode code = ErrorCode::kNone;
  std::string message;

  bool ok() const { return code == ErrorCode::kNone; }
};

/** `operation` and `subject` (a path or a column family) lead the message: "get in column family log: …". */
Status failure(ErrorCode code, std::string_view operation, std::string_view subject, std::string_view reason);

Status from_rocksdb(const rocksdb::Status& status, std::string_view operation, std::string_view subject);

/** What a call of the operating system has left in `errno`. `what` says what it was to do: "cannot create the folder".
 */
Status from_errno(int error, std::string_view operation, std::string_view subject, std::string_view what);

}  // namespace core
