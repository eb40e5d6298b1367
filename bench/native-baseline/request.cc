#include "request.h"

#include <sstream>
#include <stdexcept>

namespace bench {

Request::Request(const std::string& line) {
  std::istringstream words(line);
  words >> work_;
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) throw std::invalid_argument("not name=number: " + word);
    numbers_[word.substr(0, equals)] = std::stoull(word.substr(equals + 1));
  }
}

uint64_t Request::number(const std::string& name, uint64_t otherwise) const {
  const auto found = numbers_.find(name);
  return found == numbers_.end() ? otherwise : found->second;
}

}  // namespace bench
