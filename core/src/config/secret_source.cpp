#include "config/secret_source.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "base/crypto.hpp"

namespace ficha {
namespace {

constexpr std::string_view env_prefix = "env:";
constexpr std::string_view file_prefix = "file:";
constexpr std::size_t max_secret_bytes = 64U << 10U;

Error invalid(std::string what) {
  return {ErrorCode::invalid_config, std::move(what)};
}

std::string_view without_line_break(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Result<Secret> read_secret_file(const std::string& path) {
  Result<std::string> read = read_file(path, max_secret_bytes);
  if (!read) return std::move(read).error();
  std::string& content = *read;
  const Secret secret(without_line_break(content));
  crypto::wipe(content.data(), content.size());
  if (secret.empty()) return invalid(path + ": is empty");
  return secret;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
  const auto cannot_read = [&] {
    return invalid(path + ": cannot be read: " + std::generic_category().message(errno));
  };
  if (!file) return cannot_read();
  if (std::setvbuf(file.get(), nullptr, _IONBF, 0) != 0) return cannot_read();  // no second copy of a secret

  std::string content(max_bytes + 1, '\0');
  const std::size_t size = std::fread(content.data(), 1, content.size(), file.get());
  if (std::ferror(file.get()) != 0) return cannot_read();
  if (size > max_bytes) return invalid(path + ": is longer than " + std::to_string(max_bytes) + " bytes");
  content.resize(size);
  return content;
}

Result<Secret> resolve_secret(std::string_view text) {
  if (text.starts_with(file_prefix)) return read_secret_file(std::string(text.substr(file_prefix.size())));
  if (!text.starts_with(env_prefix)) return Secret(text);
  const std::string name(text.substr(env_prefix.size()));
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): once, at start
  if (value == nullptr || *value == '\0') return invalid("the environment variable " + name + " is not set, or empty");
  return Secret(value);
}

}  // namespace ficha
