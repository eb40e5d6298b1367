// The numbers in the names that RocksDB gives its files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace core {

/** The number in a name like MANIFEST-000005 or 000007.log, at the end of `path`; nothing where it is of another form.
 */
std::optional<uint64_t> number_in(const std::string& path, std::string_view prefix, std::string_view suffix);

/** 000007.log */
std::string log_name(uint64_t number);

/** MANIFEST-000005 */
std::string manifest_name(uint64_t number);

/** Those of the files in a folder whose names are of this form, in order. */
Status numbers_in_folder(const std::string& folder, std::string_view prefix, std::string_view suffix,
                         std::vector<uint64_t>* numbers);

}  // namespace core
