// What an inspection has found, as JavaScript sees it.
#pragma once

#include <napi.h>

#include <string>

#include "core/inspection.h"
#include "core/opening.h"

namespace addon {

/** As `NativeInspection` in binding/native-addon.ts. */
Napi::Object to_object(Napi::Env env, const core::Inspection& inspection);

/**
 * Inspects `folder`, by any MANIFEST, on a thread of Node's own: it reads all WALs that are needed. Gives a promise of
 * a `NativeInspection`, or of [code, message].
 */
Napi::Promise inspect_later(Napi::Env env, std::string folder);

/** As `NativeRecovered` there. */
Napi::Object to_object(Napi::Env env, const core::Recovered& recovered);

}  // namespace addon
