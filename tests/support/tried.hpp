// What a client's try_… calls gave.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "ficha/client.hpp"

namespace ficha::testing {

// The answer, if there was one without the store.
template <class Answer, class Unanswered>
[[nodiscard]] std::optional<Answer> answer(std::variant<Answer, Unanswered> tried) {
  if (auto* known = std::get_if<Answer>(&tried)) return std::move(*known);
  return std::nullopt;
}

// As the bindings do it: what cannot be answered at once is submitted.
template <class Answer, class Unanswered>
[[nodiscard]] std::optional<Answer> answer_or_submit(Client& client, const std::shared_ptr<CompletionQueue>& queue,
                                                     OperationId id, std::variant<Answer, Unanswered> tried,
                                                     Sending when = Sending::now) {
  if (auto* known = std::get_if<Answer>(&tried)) return std::move(*known);
  client.submit(queue, id, std::get<Unanswered>(std::move(tried)), when);
  return std::nullopt;
}

}  // namespace ficha::testing
