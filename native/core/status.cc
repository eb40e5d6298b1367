#include "core/status.h"

namespace core {

namespace {

// RocksDB reports a held LOCK file as an ordinary IOError, told apart by its text alone (env/fs_posix.cc, LockFile).
bool is_lock_conflict(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return text.find("lock hold by current process") != std::string::npos ||
         text.find("While lock file") != std::string::npos;
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
      return is_lock_conflict(status) ? ErrorCode::kLocked : ErrorCode::kIoError;
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

Status from_rocksdb(const rocksdb::Status& status, std::string_view operation, std::string_view subject) {
  if (status.ok()) return {};
  std::string message(operation);
  message.append(" ").append(subject).append(": ");
  const ErrorCode code = code_of(status);
  if (code == ErrorCode::kLocked) {
    message.append(kLockedElsewhere).append(" (").append(status.ToString()).append(")");
  } else {
    message.append(status.ToString());
  }
  return {code, std::move(message)};
}

}  // namespace core
