// The few cryptographic operations the core needs. Every function from any thread, also after fork() and while a
// thread's or the process' objects are being destroyed.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace ficha::crypto {

using Digest = std::array<std::byte, 32>;

[[nodiscard]] inline std::string_view chars(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Whether OpenSSL works: not once it has been cleaned up, after which most of it ends the process (SIGSEGV). At exit it
// would clean up by itself, below the feet of threads that still run (daemon threads of Python and Java, detached ones), and
// race with those that just end. The first call in a process tells it not to, unless the host used OpenSSL before.
[[nodiscard]] bool usable() noexcept;

// Fetches what hashing needs. Afterwards sha256() and hmac_sha256() work whatever becomes of OpenSSL.
void prepare() noexcept;

// SHA-256 (FIPS 180-4) of `message`, or of `message` followed by `rest`. An OpenSSL without SHA-256 ends the process:
// there is no digest to go on with.
[[nodiscard]] Digest sha256(std::string_view message, std::string_view rest = {}) noexcept;

// HMAC-SHA-256 (RFC 2104), for keys of any length. Ends the process as sha256() does.
[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view message) noexcept;

// Constant time for equal lengths; the lengths are not secret.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

// Overwrites `size` bytes; the compiler may not leave it out.
void wipe(void* bytes, std::size_t size) noexcept;

}  // namespace ficha::crypto
