#include "core/status.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace core {

namespace {

// RocksDB hands on no errno, but its text ends with the system's words for it. This adds advice to a message, and
// decides nothing.
std::string advice(std::string_view reason) {
  const bool too_many = reason.ends_with(std::generic_category().message(EMFILE)) ||
                        reason.ends_with(std::generic_category().message(ENFILE));
  return too_many ? "; raise the process's limit (`ulimit -n`), or open with a lower `maxOpenFiles`" : "";
}

ErrorCode code_of(const rocksdb::Status& status) {
  switch (status.code()) {
    case rocksdb::Status::kOk:
      return ErrorCode::kNone;
    case rocksdb::Status::kNotFound:
      return ErrorCode::kNotFound;
    case rocksdb::Status::kCorruption:
      return ErrorCode::kCorruption;
    case rocksdb::Status::kNotSupported:
      return ErrorCode::kNotSupported;
    case rocksdb::Status::kInvalidArgument:
      return ErrorCode::kInvalidArgument;
    case rocksdb::Status::kIOError:
      if (status.subcode() == rocksdb::Status::kNoSpace) return ErrorCode::kNoSpace;
      return ErrorCode::kIoError;
    case rocksdb::Status::kShutdownInProgress:
      return ErrorCode::kClosed;
    case rocksdb::Status::kTimedOut:
    case rocksdb::Status::kExpired:
      return ErrorCode::kTimedOut;
    case rocksdb::Status::kBusy:
    case rocksdb::Status::kTryAgain:
    case rocksdb::Status::kMergeInProgress:
      return ErrorCode::kBusy;
    case rocksdb::Status::kColumnFamilyDropped:
      return ErrorCode::kColumnFamilyNotFound;
    default:
      return ErrorCode::kAborted;
  }
}

}  // namespace

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNone:
      return "";
    case ErrorCode::kAborted:
      return "ABORTED";
    case ErrorCode::kBusy:
      return "BUSY";
    case ErrorCode::kClosed:
      return "CLOSED";
    case ErrorCode::kColumnFamilyExists:
      return "COLUMN_FAMILY_EXISTS";
    case ErrorCode::kColumnFamilyNotFound:
      return "COLUMN_FAMILY_NOT_FOUND";
    case ErrorCode::kCorruption:
      return "CORRUPTION";
    case ErrorCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorCode::kIoError:
      return "IO_ERROR";
    case ErrorCode::kLocked:
      return "LOCKED";
    case ErrorCode::kNotFound:
      return "NOT_FOUND";
    case ErrorCode::kNotSupported:
      return "NOT_SUPPORTED";
    case ErrorCode::kNoSpace:
      return "NO_SPACE";
    case ErrorCode::kReadOnly:
      return "READ_ONLY";
    case ErrorCode::kTimedOut:
      return "TIMED_OUT";
  }
  return "ABORTED";
}

Status failure(ErrorCode code, std::string_view operation, std::string_view subject, std::string_view reason) {
  std::string message(operation);
  message.append(" ").append(subject).append(": ").append(reason).append(advice(reason));
  return {code, std::move(message)};
}

Status from_rocksdb(const rocksdb::Status& status, std::string_view operation, std::string_view subject) {
  if (status.ok()) return {};
  return failure(code_of(status), operation, subject, status.ToString());
}

Status from_errno(int error, std::string_view operation, std::string_view subject, std::string_view what) {
  const ErrorCode code = error == ENOSPC || error == EDQUOT ? ErrorCode::kNoSpace : ErrorCode::kIoError;
  return failure(code, operation, subject, std::string(what) + ": " + std::generic_category().message(error));
}

}  // namespace core
