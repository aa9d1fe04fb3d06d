// What Redis and the scripts answer, as errors of the store.
#pragma once

#include <cstdint>
#include <string_view>

#include "ficha/result.hpp"

namespace ficha::redis {

// The code that Redis begins an error reply with, in upper case ("WRONGPASS"): "ERR" for what is none, which may be a
// quotation. (RESP specification, "Simple errors")
[[nodiscard]] std::string_view error_word(std::string_view reply) noexcept;

// A Redis error reply ("READONLY You can't write …"). The message holds its first word at most: what follows may quote
// keys and arguments.
[[nodiscard]] Error error_of_reply(std::string_view reply);

// The status a script returned, when it is no success; `text` as the script gave it, or empty.
[[nodiscard]] Error error_of_script(std::int64_t status, std::string_view text);

[[nodiscard]] inline Error corrupt_record(std::string_view what) {
  return {ErrorCode::corrupt_record, std::string{what}};
}

}  // namespace ficha::redis
