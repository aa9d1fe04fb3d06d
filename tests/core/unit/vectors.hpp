// Reading tests/conformance.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/source_tree.hpp"

namespace ficha::testing {

inline nlohmann::json load_vectors(const std::string& file) {
  std::ifstream stream(in_source_tree("tests/conformance/" + file));
  return nlohmann::json::parse(stream);
}

inline std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// Bytes written as hex, or as a list of [hex, times].
inline std::string bytes_of(const nlohmann::json& written) {
  if (written.is_string()) return from_hex(written);
  std::string bytes;
  for (const auto& run : written) {
    const std::string part = from_hex(run[0]);
    for (int i = 0; i < run[1].get<int>(); ++i) bytes += part;
  }
  return bytes;
}

}  // namespace ficha::testing
