// Finds where the readable part of sorted keys begins again. Keys are looked at as fractions between 0 and 1, byte by
// byte: half-way between two keys is then a key.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace core {

/** The first key behind `key`. */
std::string successor(std::string_view key);

/**
 * A key from which on `is_readable` holds, near the first such behind `from`, where it does not; none where it does not
 * hold at `last` either, the last key that there may be. It looks at distances that double, and then halves the last.
 */
std::optional<std::string> first_readable(std::string_view from, std::string_view last,
                                          const std::function<bool(const std::string&)>& is_readable);

}  // namespace core
