// How often a race is run.
#pragma once

namespace ficha::testing {

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define FICHA_THREAD_SANITIZER
#endif
#endif

// Chance needs many rounds. ThreadSanitizer sees a race in whichever order the threads came, and is slow: a tenth will do.
[[nodiscard]] constexpr int rounds_of(int full) noexcept {
#ifdef FICHA_THREAD_SANITIZER
  return full / 10;
#else
  return full;
#endif
}

}  // namespace ficha::testing
