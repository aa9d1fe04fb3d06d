#include "support/source_tree.hpp"

namespace ficha::testing {

std::string in_source_tree(const std::string& path) {
  return FICHA_SOURCE_DIR "/" + path;
}

}  // namespace ficha::testing
