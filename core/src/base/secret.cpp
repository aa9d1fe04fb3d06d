#include "ficha/secret.hpp"

#include "base/crypto.hpp"

namespace ficha {

Secret& Secret::operator=(const Secret& other) {
  // Through a copy: assigning to the vector could free its old buffer unwiped.
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

bool Secret::equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return crypto::equal_in_constant_time(a, b);
}

void Secret::wipe() noexcept {
  crypto::wipe(bytes_.data(), bytes_.size());
}

}  // namespace ficha
