#include "store/redis/socket/url.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/crypto.hpp"
#include "config/config_problem.hpp"

namespace ficha::redis {
namespace {

using Problem = std::optional<ConfigProblem>;

Problem wrong(std::string_view what) {
  return ConfigProblem{"redis.url", std::string(what)};
}

// The components of RFC 3986, section 3, as far as they occur here.
struct Parts {
  std::string scheme;  // lower case
  bool has_userinfo = false;
  std::string_view userinfo;
  std::string_view host_and_port;
  std::string_view path;  // with its slash
  bool has_query = false;
  std::string_view query;
};

std::optional<Parts> split(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Parts parts;
  parts.scheme = url.substr(0, colon);
  std::ranges::transform(parts.scheme, parts.scheme.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  url.remove_prefix(colon + 3);

  std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  url.remove_prefix(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.has_userinfo = true;
    parts.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  parts.host_and_port = authority;

  if (url.find('#') != std::string_view::npos) return std::nullopt;
  parts.path = url.substr(0, url.find('?'));
  url.remove_prefix(parts.path.size());
  parts.has_query = !url.empty();
  if (parts.has_query) parts.query = url.substr(1);
  return parts;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A Secret, because it may be the password: no copy of it stays behind.
std::optional<Secret> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  bool well_formed = true;
  for (std::size_t i = 0; i < text.size() && well_formed; ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    well_formed = high >= 0 && low >= 0;
    if (well_formed) decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  std::optional<Secret> secret;
  if (well_formed) secret.emplace(decoded);
  crypto::wipe(decoded.data(), decoded.size());
  return secret;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) return std::nullopt;
  return value;
}

Problem read_userinfo(const Parts& parts, Endpoint& endpoint) {
  if (!parts.has_userinfo) return std::nullopt;
  const std::size_t colon = parts.userinfo.find(':');
  const std::optional<Secret> user = percent_decode(parts.userinfo.substr(0, colon));
  if (!user) return wrong("the user name is not percent-encoded correctly");
  endpoint.username = user->reveal();
  if (colon == std::string_view::npos) return std::nullopt;
  std::optional<Secret> password = percent_decode(parts.userinfo.substr(colon + 1));
  if (!password) return wrong("the password is not percent-encoded correctly");
  endpoint.password = *std::move(password);
  return std::nullopt;
}

bool is_host(std::string_view host) {
  constexpr std::size_t longest = 255;  // RFC 1035, section 2.3.4
  return !host.empty() && host.size() <= longest && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

// The inside of the brackets (RFC 3986, section 3.2.2); a zone may follow a '%'.
bool is_ipv6(std::string_view host) {
  return host.find(':') != std::string_view::npos && std::ranges::all_of(host, [](char c) {
           return hex_digit(c) >= 0 || c == ':' || c == '.' || c == '%' || (c >= 'g' && c <= 'z');
         });
}

Problem read_host_and_port(const Parts& parts, Endpoint& endpoint) {
  std::string_view rest = parts.host_and_port;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos || !is_ipv6(rest.substr(1, close - 1)))
      return wrong("the host is no IPv6 address");
    endpoint.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    const std::string_view host = rest.substr(0, rest.find(':'));
    if (!is_host(host)) return wrong("the host is missing or malformed");
    endpoint.host = host;
    rest.remove_prefix(host.size());
  }
  if (rest.empty()) return std::nullopt;
  const std::optional<std::uint16_t> port =
      rest.starts_with(':') ? parse_number<std::uint16_t>(rest.substr(1), 1, std::numeric_limits<std::uint16_t>::max())
                            : std::nullopt;
  if (!port) return wrong("the port is not a number from 1 to 65535");
  endpoint.port = *port;
  return std::nullopt;
}

Problem read_database(std::string_view text, Endpoint& endpoint) {
  const std::optional<int> database = parse_number<int>(text, 0, std::numeric_limits<int>::max());
  if (!database) return wrong("the database is not a number");
  endpoint.database = *database;
  return std::nullopt;
}

Problem read_network(const Parts& parts, Endpoint& endpoint) {
  if (parts.has_query) return wrong("a query is allowed in unix:// URLs only");
  if (Problem problem = read_host_and_port(parts, endpoint)) return problem;
  if (parts.path.size() <= 1) return std::nullopt;
  return read_database(parts.path.substr(1), endpoint);
}

Problem read_unix(const Parts& parts, Endpoint& endpoint) {
  constexpr std::size_t longest = 107;  // sockaddr_un::sun_path, unix(7), with its final zero
  if (!parts.host_and_port.empty()) return wrong("a unix:// URL has no host: unix:///path/to/socket");
  const std::optional<Secret> path = percent_decode(parts.path);
  if (!path || path->size() <= 1 || path->size() > longest || path->reveal().find('\0') != std::string_view::npos)
    return wrong("the socket's path is missing, malformed or longer than 107 bytes");
  endpoint.socket_path = path->reveal();
  if (!parts.has_query) return std::nullopt;
  constexpr std::string_view key = "db=";
  if (!parts.query.starts_with(key)) return wrong("the only query parameter is db");
  return read_database(parts.query.substr(key.size()), endpoint);
}

Problem read_tls(const RedisConfig& config, Endpoint& endpoint) {
  const bool any_file = !config.ca_file.empty() || !config.certificate_file.empty() || !config.key_file.empty();
  if (any_file && !endpoint.tls)
    return ConfigProblem{"redis", "certificate files need a rediss:// URL; this one is not encrypted"};
  if (config.certificate_file.empty() != config.key_file.empty())
    return ConfigProblem{"redis", "certificate_file and key_file need each other"};
  endpoint.ca_file = config.ca_file;
  endpoint.certificate_file = config.certificate_file;
  endpoint.key_file = config.key_file;
  return std::nullopt;
}

// Fills `endpoint`, unless something is wrong.
Problem read_endpoint(const RedisConfig& config, Endpoint& endpoint) {
  const std::optional<Parts> parts = split(config.url.reveal());
  if (!parts) return wrong("not of the form redis://host:port/database");

  Problem problem;
  if (parts->scheme == "redis" || parts->scheme == "rediss") {
    endpoint.tls = parts->scheme == "rediss";
    problem = read_network(*parts, endpoint);
  } else if (parts->scheme == "unix") {
    problem = read_unix(*parts, endpoint);
  } else {
    return wrong("the scheme is none of redis, rediss, unix; a store without a server is memory://");
  }
  if (!problem) problem = read_userinfo(*parts, endpoint);
  if (!problem) problem = read_tls(config, endpoint);
  if (problem) return problem;

  if (!config.username.empty()) endpoint.username = config.username;
  if (!config.password.empty()) endpoint.password = config.password;
  if (!endpoint.username.empty() && endpoint.password.empty())
    return ConfigProblem{"redis", "a user name needs a password"};
  return std::nullopt;
}

Problem timeout_problem(std::string key, std::chrono::milliseconds value) {
  if (value >= std::chrono::milliseconds(1) && value <= std::chrono::seconds(60)) return std::nullopt;
  return ConfigProblem{std::move(key), "must be between 1ms and 60s"};
}

}  // namespace

Result<Endpoint> parse_endpoint(const RedisConfig& config) {
  Endpoint endpoint;
  if (const Problem problem = read_endpoint(config, endpoint)) return invalid_config(*problem);
  return endpoint;
}

std::string address(const Endpoint& endpoint) {
  if (endpoint.host.empty()) return endpoint.socket_path;
  const bool ipv6 = endpoint.host.find(':') != std::string::npos;
  std::string text;
  if (ipv6) text += '[';
  text += endpoint.host;
  if (ipv6) text += ']';
  text += ':';
  text += std::to_string(endpoint.port);
  return text;
}

}  // namespace ficha::redis

namespace ficha {

std::optional<ConfigProblem> find_problem(const RedisConfig& redis) {
  const auto in_name_space = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-'; };
  const std::string& name_space = redis.name_space;
  if (name_space.empty() || name_space.size() > 32 || !std::ranges::all_of(name_space, in_name_space)) {
    return ConfigProblem{"redis.namespace", "must be 1 to 32 characters of a-z, 0-9, \"_\" and \"-\""};
  }
  if (auto problem = redis::timeout_problem("redis.connect_timeout", redis.connect_timeout)) return problem;
  if (auto problem = redis::timeout_problem("redis.command_timeout", redis.command_timeout)) return problem;
  if (auto problem = redis::timeout_problem("redis.operation_timeout", redis.operation_timeout)) return problem;
  if (redis.operation_timeout < 2 * redis.command_timeout) {
    return ConfigProblem{"redis.operation_timeout",
                         "must be at least twice command_timeout, or no second round trip could end in time"};
  }
  if (redis.max_in_flight < 1 || redis.max_in_flight > 1'000'000) {
    return ConfigProblem{"redis.max_in_flight", "must be between 1 and 1000000"};
  }
  if (redis.url.reveal() == "memory://") return std::nullopt;
  redis::Endpoint endpoint;
  return redis::read_endpoint(redis, endpoint);
}

}  // namespace ficha
