// Where the repository is: for files that tests read at run time.
#pragma once

#include <string>

namespace ficha::testing {

// "/…/tests/conformance/tokens.json" for "tests/conformance/tokens.json".
[[nodiscard]] std::string in_source_tree(const std::string& path);

}  // namespace ficha::testing
