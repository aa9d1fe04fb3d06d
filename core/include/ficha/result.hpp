// Errors with stable numbers, and the Result that carries them.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ficha {

// The numbers are stable and the same in every language.
enum class ErrorCode : int {
  invalid_argument = 1,   // a value the caller passed is out of its documented range
  invalid_config = 2,     // the configuration cannot work; reported at start
  too_large = 3,          // a value, record or token exceeds its documented size
  unavailable = 10,       // not connected, refused, LOADING, CLUSTERDOWN, MASTERDOWN, BUSY
  timeout = 11,           // a deadline passed and nothing can have been changed
  access_denied = 12,     // WRONGPASS, NOAUTH, NOPERM
  write_refused = 13,     // READONLY, OOM, MISCONF, NOREPLICAS
  corrupt_record = 14,    // guard, version, shape or type of the stored record is wrong
  unknown_outcome = 15,   // a write was sent and no reply came: it may have happened
  overloaded = 16,        // too many commands are in flight
  incomplete = 17,        // not all of a principal's sessions could be found, on a server that evicts keys
  session_gone = 20,      // a write to a session that is no longer live
  conflict = 21,          // the expected generation differs
  attribute_exists = 22,  // `add` of an attribute that is there
  session_limit = 23,     // the principal has as many sessions as it may have
  closed = 30,            // the client was closed
};
inline constexpr ErrorCode last_error_code = ErrorCode::closed;  // of the numbers before it some are "unknown"

// "session_gone" for ErrorCode::session_gone; "unknown" for a number outside the table.
[[nodiscard]] std::string_view name(ErrorCode code) noexcept;

// The HTTP status a service answers with; 0 where the code never reaches a request.
[[nodiscard]] int http_status(ErrorCode code) noexcept;

// `message` says what is wrong, where, and what to do. It never holds a token, a password or an attribute's value.
struct Error {
  ErrorCode code;
  std::string message;
};

// A value or an Error, with std::expected's member names (C++23). Reading the wrong side is a programming error. A result
// about to end gives its value away by value, so that `for (const Session& s : *client.list(principal))` does not dangle.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return *std::get_if<0>(&checked(0)); }
  const T& value() const& { return *std::get_if<0>(&checked(0)); }
  T value() && { return std::move(*std::get_if<0>(&checked(0))); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return *std::get_if<1>(&checked(1)); }
  const Error& error() const& { return *std::get_if<1>(&checked(1)); }
  Error error() && { return std::move(*std::get_if<1>(&checked(1))); }

 private:
  auto& checked([[maybe_unused]] std::size_t side) {
    assert(state_.index() == side);
    return state_;
  }
  auto& checked([[maybe_unused]] std::size_t side) const {
    assert(state_.index() == side);
    return state_;
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace ficha
