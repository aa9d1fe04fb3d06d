// Everything else that a client is asked.
#pragma once

#include <span>

#include "client_handle.hpp"

namespace ficha::node {

[[nodiscard]] std::span<const Method> cold_calls() noexcept;

}  // namespace ficha::node
