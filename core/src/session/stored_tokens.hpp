// Tokens in what is to be stored. A store that never holds one is worth nothing to whoever reads it, so a request's own
// token is refused; another text of that shape is somebody's data, and reported.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ficha/store.hpp"

namespace ficha {

// Whose tokens are refused: those of one session, or those on the route of one principal.
struct OwnTokens {
  std::optional<SessionId> id = {};
  std::optional<std::uint16_t> route = {};
};

// Looks through names, values (JSON's escapes undone, up to 16 levels of them: what has more is refused), keys of bags and device texts. Gives
// the attributes that hold another's token, and "device". Errors: invalid_argument naming the attribute; without its name
// where that holds a token, whoever's.
[[nodiscard]] Result<std::vector<std::string>> find_tokens(const NewSession& session, const OwnTokens& own,
                                                           const TokenKeys& keys);
[[nodiscard]] Result<std::vector<std::string>> find_tokens(const Patch& patch, const OwnTokens& own,
                                                           const TokenKeys& keys);

}  // namespace ficha
