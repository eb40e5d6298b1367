// What an inspection has found, as JavaScript sees it.
#pragma once

#include <napi.h>

#include "core/inspection.h"
#include "core/opening.h"

namespace addon {

/** As `NativeInspection` in binding/native-addon.ts. */
Napi::Object to_object(Napi::Env env, const core::Inspection& inspection);

/** As `NativeRecovered` there. */
Napi::Object to_object(Napi::Env env, const core::Recovered& recovered);

}  // namespace addon
