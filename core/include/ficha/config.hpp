// Everything that can be configured, in code or in one ficha.toml for every service.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ficha/cookie.hpp"
#include "ficha/policy.hpp"

namespace ficha {

struct RedisConfig {
  // redis://[user:password@]host[:port][/db], rediss://…, unix://[user:password@]/path[?db=n], or memory:// for tests
  // and single-process use.
  Secret url{"redis://127.0.0.1:6379/0"};
  std::string name_space = "ficha";  // key `namespace`; [a-z0-9_-]{1,32}
  std::string username;              // overrides the URL's
  Secret password;                   // overrides the URL's
  std::string ca_file;               // PEM; default: the system's
  std::string certificate_file;      // PEM, client certificate
  std::string key_file;              // PEM, its private key
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds command_timeout{1000};
  std::chrono::milliseconds operation_timeout{2000};  // at least twice command_timeout
  std::size_t max_in_flight = 10'000;                 // commands; more are refused as overloaded
};

struct NearCacheConfig {
  bool enabled = true;
  std::chrono::milliseconds max_staleness{2000};  // with a cut or half-open link
  std::size_t max_entries = 65'536;
  std::size_t max_bytes = 64U << 20U;
};

enum class OnLimit : std::uint8_t { evict_oldest, refuse };
enum class Writes : std::uint8_t { all, add_only };

struct SessionConfig {
  std::chrono::seconds idle_timeout{30 * 60};  // 0 = none
  std::chrono::seconds absolute_timeout{12 * 60 * 60};
  std::size_t max_per_principal = 0;  // 0 = no limit
  OnLimit on_limit = OnLimit::evict_oldest;
  Writes writes = Writes::all;  // add_only: this service may add attributes, never change or remove them
  // The attributes that this service may write: names, or beginnings of names followed by "*" ("cart", "pref.*"). Empty =
  // all. Protected attributes are not concerned.
  std::vector<std::string> may_write;
  TokenKeys token_keys;
};

enum class CsrfMode : std::uint8_t { origin, token, off };

struct CsrfConfig {
  CsrfMode mode = CsrfMode::origin;
  std::vector<std::string> trusted_origins;  // "https://app.example.org", compared whole
  std::string header = "X-CSRF-Token";       // for mode token
};

// Which applications of other origins a browser may let read answers, and ask before it sends what is not simple. Off
// without origins: a preflight is then an OPTIONS request like any other. CSRF does not trust these origins by it.
struct CorsConfig {
  std::vector<std::string> origins;  // "https://app.example.org", compared whole; or only "*", without credentials
  std::vector<std::string> headers;  // request fields that may be sent besides the simple ones
  std::chrono::seconds max_age{0};   // how long a browser may keep a preflight's answer; 0 = its own default
  bool credentials = false;          // cookies may be sent along
};

struct TrustConfig {
  std::vector<std::string> proxies;           // CIDRs whose X-Forwarded-Proto and -Host count; default: none
  std::vector<std::string> identity_headers;  // stripped, in every alias, from what the client sent
  // true: handlers see the session's cookie and its Bearer token, as a reverse proxy within the service has to.
  bool pass_credential = false;
};

// The words of ficha.toml: "strict", "lax", "none"; "origin", "token", "off".
[[nodiscard]] std::string_view name(SameSite same_site) noexcept;
[[nodiscard]] std::string_view name(CsrfMode mode) noexcept;

struct Config {
  RedisConfig redis;
  NearCacheConfig near_cache;
  SessionConfig session;
  CookieConfig cookie;
  CsrfConfig csrf;
  CorsConfig cors;
  TrustConfig trust;
  Policy policy;
  // What proxies or servers take off the paths of this service, such as "/shop": each service's own, never in ficha.toml.
  std::vector<std::string> prefixes;
};

// Reads a ficha.toml. Errors: invalid_config naming file, line and key. Values "env:NAME" and "file:PATH" are allowed
// for secrets (redis.url, redis.password, session.token_keys).
[[nodiscard]] Result<Config> load_config(const std::string& path);
// The same from text; `name` stands for the file in messages.
[[nodiscard]] Result<Config> parse_config(std::string_view text, std::string_view name);
// What both of them check, for a Config made in code.
[[nodiscard]] Result<void> validate(const Config& config);

}  // namespace ficha
