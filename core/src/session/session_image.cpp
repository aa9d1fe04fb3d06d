#include "session/session_image.hpp"

namespace ficha {

SessionBuilder::SessionBuilder(const SessionId& id, const Values& values) {
  const std::size_t spans =
      3 + values.role_count + values.scope_count + 2 * (values.attribute_count + values.protected_count);
  Session::Head& head = session_.head_;
  std::memset(static_cast<void*>(&head), 0, sizeof head);
  head.generation = values.generation;
  head.created_at = values.created_at;
  head.expires_at = values.expires_at;
  head.idle_deadline = values.idle_deadline;
  head.idle_seconds = values.idle_seconds;
  head.authenticated_at = values.authenticated_at;
  head.level = values.level;
  head.role_count = static_cast<std::uint32_t>(values.role_count);
  head.scope_count = static_cast<std::uint32_t>(values.scope_count);
  head.attribute_count = static_cast<std::uint32_t>(values.attribute_count);
  head.protected_count = static_cast<std::uint32_t>(values.protected_count);
  head.size = static_cast<std::uint32_t>(spans * sizeof(Session::Span) + values.string_bytes);
  std::copy_n(id.str().begin(), SessionId::length, head.id);
  body_ = session_.reserve_body();
  next_byte_ = static_cast<std::uint32_t>(spans * sizeof(Session::Span));
}

void SessionBuilder::add(std::string_view text) noexcept {
  const Session::Span span{next_byte_, static_cast<std::uint32_t>(text.size())};
  std::memcpy(body_ + next_span_ * sizeof span, &span, sizeof span);
  if (!text.empty()) std::memcpy(body_ + next_byte_, text.data(), text.size());
  ++next_span_;
  next_byte_ += span.length;
}

void SessionImage::store(const Session& session, std::span<std::uint64_t> image) noexcept {
  std::memcpy(image.data(), &session.head_, sizeof session.head_);
  std::memcpy(image.data() + head_words, session.body(), session.head_.size);
}

}  // namespace ficha
