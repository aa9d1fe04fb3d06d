#include "http/cors.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "config/config_problem.hpp"
#include "http/csrf.hpp"

namespace ficha {
namespace {

bool allows_any(const CorsConfig& cors) noexcept {
  return cors.origins.front() == "*";
}

}  // namespace

CorsFields CorsFields::find(std::span<const HeaderField> headers) noexcept {
  return {.origin = find_field(headers, "origin"),
          .asked_method = find_field(headers, "access-control-request-method")};
}

bool is_preflight(std::string_view method, const CorsFields& fields) noexcept {
  return method == "OPTIONS" && fields.origin.present() && fields.asked_method.present();
}

bool is_listed(const CorsConfig& cors, const Field& origin) noexcept {
  if (origin.count != 1) return false;
  const std::optional<Origin> sender = Origin::parse(origin.value);
  if (allows_any(cors)) return true;
  return sender && std::any_of(cors.origins.begin(), cors.origins.end(), [&](const std::string& text) {
           const std::optional<Origin> listed = Origin::parse(text);
           return listed && sender->same_as(*listed);
         });
}

void add_cors_headers(const CorsConfig& cors, const Field& origin, Decision& decision) {
  if (allows_any(cors)) return decision.add_header("Access-Control-Allow-Origin", "*");
  decision.add_header("Vary", "Origin");
  if (!is_listed(cors, origin)) return;
  decision.add_header("Access-Control-Allow-Origin", std::string(origin.value));
  if (cors.credentials) decision.add_header("Access-Control-Allow-Credentials", "true");
}

void add_preflight_headers(const CorsConfig& cors, std::string_view asked_method, Decision& decision) {
  decision.add_header("Access-Control-Allow-Methods", std::string(asked_method));
  std::string headers;
  for (const std::string& header : cors.headers) headers.append(headers.empty() ? "" : ", ").append(header);
  if (!headers.empty()) decision.add_header("Access-Control-Allow-Headers", std::move(headers));
  if (cors.max_age.count() > 0) decision.add_header("Access-Control-Max-Age", std::to_string(cors.max_age.count()));
}

std::optional<ConfigProblem> find_problem(const CorsConfig& cors) {
  const bool any = std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end();
  if (cors.origins.empty() && (!cors.headers.empty() || cors.credentials || cors.max_age != std::chrono::seconds(0))) {
    return ConfigProblem{"cors.origins", "is missing: name at least one"};
  }
  if (any && cors.origins.size() > 1)
    return ConfigProblem{"cors.origins", "\"*\" and other origins contradict each other"};
  if (any && cors.credentials) {
    return ConfigProblem{"cors.credentials", "browsers refuse credentials for \"*\": list the origins"};
  }
  const auto is_origin = [](const std::string& text) { return Origin::parse(text).has_value(); };
  if (!any && !std::all_of(cors.origins.begin(), cors.origins.end(), is_origin)) {
    return ConfigProblem{"cors.origins",
                         "must be origins such as \"https://app.example.org\", without a path, or only \"*\""};
  }
  const auto is_name = [](const std::string& text) { return is_token(text) && text != "*"; };
  if (!std::all_of(cors.headers.begin(), cors.headers.end(), is_name)) {
    return ConfigProblem{"cors.headers", "must be names of header fields"};
  }
  if (cors.max_age < std::chrono::seconds(0) || cors.max_age > std::chrono::days(1)) {
    return ConfigProblem{"cors.max_age", "must be at most 1d"};
  }
  return std::nullopt;
}

}  // namespace ficha
