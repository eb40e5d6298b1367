// What the runner asks for, one line at a time: the name of a work, then numbers by name, as
// bench/shared/protocol.ts writes it: "append batch=64 ms=400".
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace bench {

class Request {
 public:
  /** Throws std::invalid_argument where `line` is not of that form. */
  explicit Request(const std::string& line);

  const std::string& work() const { return work_; }
  uint64_t number(const std::string& name, uint64_t otherwise) const;

 private:
  std::string work_;
  std::map<std::string, uint64_t> numbers_;
};

}  // namespace bench
