// Configurations, and the clock that tests drive by hand, as opaque handles of JavaScript.
#pragma once

#include <napi.h>

#include <memory>

#include "ficha/config.hpp"

namespace ficha::node {

// Throw a TypeError for any other value.
[[nodiscard]] const Config& config_of(Napi::Value handle);
[[nodiscard]] std::shared_ptr<ManualClock> clock_of(Napi::Value handle);

// Adds loadConfig(path), parseConfig(text, source), configFromSettings([name, value, …]), configWithPrefixes(configuration, [prefix, …]), createClock(unixMilliseconds),
// advanceClock(clock, milliseconds) and findCookie(name, …fields).
void define_config(Napi::Env env, Napi::Object exports);

}  // namespace ficha::node
