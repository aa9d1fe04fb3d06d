#include <gtest/gtest.h>

// ThreadSanitizer would end a child that starts threads after a fork, which is what the tests of forked clients are about.
extern "C" const char* __tsan_default_options() {  // NOLINT(bugprone-reserved-identifier): the sanitizer's name
  return "die_after_fork=0";
}

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
