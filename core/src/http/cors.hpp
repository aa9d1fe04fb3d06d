// What browsers ask of a service, for applications of other origins (the Fetch standard, "CORS protocol").
#pragma once

#include <span>
#include <string_view>

#include "http/request_fields.hpp"

namespace ficha {

// The fields of a request that CORS is about.
struct CorsFields {
  Field origin;
  Field asked_method;  // Access-Control-Request-Method

  [[nodiscard]] static CorsFields find(std::span<const HeaderField> headers) noexcept;
};

// Whether it is a preflight: OPTIONS that names an origin and the method to come.
[[nodiscard]] bool is_preflight(std::string_view method, const CorsFields& fields) noexcept;
[[nodiscard]] bool is_listed(const CorsConfig& cors, const Field& origin) noexcept;

// To be added to every decision where [cors] is on: which origin may read it, and that it depends on that.
void add_cors_headers(const CorsConfig& cors, const Field& origin, Decision& decision);
// To be added to the answer to a preflight.
void add_preflight_headers(const CorsConfig& cors, std::string_view asked_method, Decision& decision);

}  // namespace ficha
