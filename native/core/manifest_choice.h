// Which MANIFEST to go by where CURRENT does not lead to the one that was in use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/manifest.h"
#include "core/status.h"

namespace core {

struct ManifestChoice {
  /** Nothing where none is usable. */
  std::optional<Manifest> chosen;
  /** Of each that is not usable why, for people. */
  std::string unusable;
  /** The highest number of those that are not usable, and were not only cut short while they were made; or 0. */
  uint64_t newest_damaged = 0;
};

/**
 * Of those in the folder that are usable it takes the one that reaches furthest: to the highest sequence number, and of
 * several that do the newest. A MANIFEST begins with all that the one before it has told, so this is the last that was
 * in use, or one that was about to be and says the same.
 */
Status choose_manifest(const std::string& folder, ManifestChoice* choice);

}  // namespace core
