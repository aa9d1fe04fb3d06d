// What a client is asked on every request: by plain Node-API, so that a hit allocates nothing here.
#pragma once

#include <span>

#include "client_handle.hpp"

namespace ficha::node {

[[nodiscard]] std::span<const Method> hot_calls() noexcept;

}  // namespace ficha::node
