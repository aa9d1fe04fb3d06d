// Matchers for Result, and how it prints: never its value, which may be a secret.
#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "ficha/result.hpp"

namespace ficha {

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  if (result) {
    *out << "a value";
  } else {
    *out << name(result.error().code) << " (" << result.error().message << ")";
  }
}

}  // namespace ficha

namespace ficha::testing {

MATCHER(IsOk, negation ? "is an error" : "has a value") {
  return arg.has_value();
}

MATCHER_P(FailsWith, code, "fails with " + std::string{name(code)}) {
  return !arg.has_value() && arg.error().code == code;
}

}  // namespace ficha::testing

// Evaluates an expression that yields a Result and moves its value into `declaration`; ends the test where it is an error.
#define ASSERT_OK_AND_ASSIGN(declaration, expression) \
  ASSERT_OK_AND_ASSIGN_IMPL(FICHA_TEST_CONCAT(result_, __LINE__), declaration, expression)
#define ASSERT_OK_AND_ASSIGN_IMPL(result, declaration, expression) \
  auto result = (expression);                                      \
  ASSERT_THAT(result, ::ficha::testing::IsOk());                   \
  declaration = std::move(*result)
#define FICHA_TEST_CONCAT(a, b) FICHA_TEST_CONCAT_IMPL(a, b)
#define FICHA_TEST_CONCAT_IMPL(a, b) a##b
