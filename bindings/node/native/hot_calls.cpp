#include "hot_calls.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "decision.hpp"
#include "environment.hpp"
#include "session.hpp"
#include "values.hpp"

namespace ficha::node {
namespace {

// A call's arguments; on the stack where there are not more than a request usually has.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) {
    count_ = few_.size();
    napi_get_cb_info(env, info, &count_, few_.data(), nullptr, &data_);
    if (count_ <= few_.size()) return;
    many_.resize(count_);
    napi_get_cb_info(env, info, &count_, many_.data(), nullptr, nullptr);
  }
  [[nodiscard]] const SharedClient& client() const noexcept { return *static_cast<const SharedClient*>(data_); }
  [[nodiscard]] std::span<const napi_value> values() const noexcept {
    return {many_.empty() ? few_.data() : many_.data(), count_};
  }
  [[nodiscard]] bool flag(napi_env env, std::size_t index, bool absent) const noexcept {
    bool value = absent;
    if (index < count_) napi_get_value_bool(env, values()[index], &value);
    return value;
  }

 private:
  std::size_t count_;
  void* data_ = nullptr;
  std::array<napi_value, 48> few_;
  std::vector<napi_value> many_;
};

// (method, path, scheme, peer, prefix, readings, name, value, name, value, …); `readings` is undefined, or an array
// [method, target, decoded, …].
class RequestReader {
 public:
  [[nodiscard]] bool read(napi_env env, std::span<const napi_value> values) {
    if (values.size() < first_header || values.size() % 2 != 0) {
      throw_type_error(env,
                       "a request has a method, a path, a scheme, a peer, a prefix, readings, and pairs of header "
                       "names and values");
      return false;
    }
    const std::size_t count = (values.size() - first_header) / 2;
    HeaderField* fields = few_.data();
    if (count > few_.size()) {
      many_.resize(count);
      fields = many_.data();
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!strings_.read(env, values[first_header + 2 * i], fields[i].name)) return false;
      if (!strings_.read(env, values[first_header + 2 * i + 1], fields[i].value)) return false;
    }
    request_.headers = {fields, count};
    return strings_.read(env, values[0], request_.method) && strings_.read(env, values[1], request_.path) &&
           strings_.read(env, values[2], request_.scheme) && strings_.read(env, values[3], request_.peer) &&
           strings_.read(env, values[4], request_.prefix) && read_readings(env, values[5]);
  }
  // One more than the request's own, for is_judged(): (method, target, decoded).
  [[nodiscard]] bool read_reading(napi_env env, std::span<const napi_value> values, Reading& reading) {
    return strings_.read(env, values[0], reading.method) && strings_.read(env, values[1], reading.target) &&
           napi_get_value_bool(env, values[2], &reading.decoded) == napi_ok;
  }
  [[nodiscard]] const HttpRequest& request() const noexcept { return request_; }

 private:
  static constexpr std::size_t first_header = 6;

  [[nodiscard]] bool read_readings(napi_env env, napi_value array) {
    bool is_array = false;
    napi_is_array(env, array, &is_array);
    if (!is_array) return true;
    std::uint32_t length = 0;
    napi_get_array_length(env, array, &length);
    // One too many is enough for the core to say so.
    const std::size_t count = std::min<std::size_t>(length / 3, readings_.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::array<napi_value, 3> values{};
      for (std::size_t k = 0; k < values.size(); ++k) {
        napi_get_element(env, array, static_cast<std::uint32_t>(3 * i + k), &values[k]);
      }
      if (!read_reading(env, values, readings_[i])) return false;
    }
    request_.readings = {readings_.data(), count};
    return true;
  }

  ByteStrings strings_;
  std::array<Reading, max_readings + 1> readings_;
  std::array<HeaderField, 22> few_;
  std::vector<HeaderField> many_;
  HttpRequest request_;
};

napi_value undefined_value(napi_env env) noexcept {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

// (token, touch, fresh)
class LoadReader {
 public:
  [[nodiscard]] bool read(napi_env env, const Arguments& arguments) {
    if (arguments.values().empty() ||
        napi_get_value_string_latin1(env, arguments.values()[0], token_.data(), token_.size(), &length_) != napi_ok) {
      throw_type_error(env, "a token is a string");
      return false;
    }
    options_ = {arguments.flag(env, 1, true), arguments.flag(env, 2, false)};
    return true;
  }
  [[nodiscard]] std::string_view token() const noexcept { return {token_.data(), length_}; }
  [[nodiscard]] const LoadOptions& options() const noexcept { return options_; }

 private:
  std::array<char, Token::length + 8> token_;  // what is longer than a token is none, wherever it is cut
  std::size_t length_ = 0;
  LoadOptions options_;
};

napi_value session_value(napi_env env, const std::optional<Session>& session) noexcept {
  return session ? Environment::of(env).sessions().get(env, *session) : null_value(env);
}

// tryLoad(token, touch, fresh): a Session, null, or undefined when only the store knows.
napi_value try_load(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  LoadReader reader;
  if (!reader.read(env, arguments)) return nullptr;
  const auto tried = arguments.client()->client.try_load(reader.token(), reader.options());
  const auto* known = std::get_if<std::optional<Session>>(&tried);
  return known ? session_value(env, *known) : undefined_value(env);
}

// A promise of what was submitted. What a request waits for is sent with that of the other requests of this turn of the
// event loop.
template <class Unanswered>
napi_value begin_with_turn(Environment& environment, const SharedClient& handle, Unanswered unanswered) {
  handle->client.submit(environment.queue(), environment.next_id(), std::move(unanswered), Sending::at_flush);
  environment.flush_later({handle, &handle->client});
  return environment.begin(handle);
}

// load(token, touch, fresh): a Session or null, or a promise of one when only the store knows.
napi_value load(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  LoadReader reader;
  if (!reader.read(env, arguments)) return nullptr;
  const SharedClient& handle = arguments.client();
  auto tried = handle->client.try_load(reader.token(), reader.options());
  if (const auto* known = std::get_if<std::optional<Session>>(&tried)) return session_value(env, *known);
  return begin_with_turn(Environment::of(env), handle, std::get<UncachedSession>(std::move(tried)));
}

// tryAuthorize(…): a Decision, or undefined when only the store knows.
napi_value try_authorize(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  RequestReader reader;
  if (!reader.read(env, arguments.values())) return nullptr;
  const auto tried = arguments.client()->client.try_authorize(reader.request());
  const auto* decision = std::get_if<Decision>(&tried);
  return decision ? to_value(env, *decision) : undefined_value(env);
}

// authorize(…): a Decision, or a promise of one when only the store knows.
napi_value authorize(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  RequestReader reader;
  if (!reader.read(env, arguments.values())) return nullptr;
  const SharedClient& handle = arguments.client();
  auto tried = handle->client.try_authorize(reader.request());
  if (const auto* decision = std::get_if<Decision>(&tried)) return to_value(env, *decision);
  return begin_with_turn(Environment::of(env), handle, std::get<UndecidedRequest>(std::move(tried)));
}

// isJudged(method, target, decoded, …request): whether authorize() of the request judges this reading.
napi_value is_judged(napi_env env, napi_callback_info info) {
  const Arguments arguments{env, info};
  const auto values = arguments.values();
  RequestReader reader;
  Reading routed;
  if (values.size() < 3 || !reader.read_reading(env, values, routed) || !reader.read(env, values.subspan(3))) {
    return throw_type_error(env, "a reading has a method, a target, and whether that is decoded");
  }
  return to_boolean(env, arguments.client()->client.is_judged(reader.request(), routed));
}

constexpr std::array hot_methods{Method{"tryLoad", try_load}, Method{"load", load},
                                 Method{"tryAuthorize", try_authorize}, Method{"authorize", authorize},
                                 Method{"isJudged", is_judged}};

}  // namespace

std::span<const Method> hot_calls() noexcept {
  return hot_methods;
}

}  // namespace ficha::node
