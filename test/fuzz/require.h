#pragma once

#include <cstdlib>

/** What must hold, whatever the input: else libFuzzer keeps the input. */
inline void require(bool holds) {
  if (!holds) std::abort();
}
