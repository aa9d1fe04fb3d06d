// Secret bytes: wiped when destroyed, compared in constant time, never printable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ficha {

// Thread rule: like a std::string. There is deliberately no operator<<.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  // The bytes, for the one place that must send or check them. The view dies with this object.
  [[nodiscard]] std::string_view reveal() const noexcept { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

  // Constant time for equal lengths; the length itself is not secret.
  [[nodiscard]] friend bool operator==(const Secret& a, const Secret& b) noexcept {
    return equal_in_constant_time(a.reveal(), b.reveal());
  }

  [[nodiscard]] static bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

 private:
  void wipe() noexcept;

  std::vector<char> bytes_;  // not std::string: its inline buffer would be copied by moves and never wiped
};

}  // namespace ficha
