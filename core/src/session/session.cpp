#include "ficha/session.hpp"

#include <algorithm>

namespace ficha {

// A copy takes the head and the used part of the body, not all of `inline_`.

Session::Session(const Session& other) : head_(other.head_) {
  std::memcpy(reserve_body(), other.body(), head_.size);
}

Session::Session(Session&& other) noexcept : head_(other.head_), heap_(std::move(other.heap_)) {
  if (heap_) {
    other.clear();
  } else {
    std::memcpy(inline_, other.inline_, head_.size);
  }
}

Session& Session::operator=(const Session& other) {
  if (this == &other) return *this;
  if (other.heap_) return *this = Session(other);  // running out of memory leaves this one as it was
  head_ = other.head_;
  std::memcpy(reserve_body(), other.inline_, head_.size);
  return *this;
}

Session& Session::operator=(Session&& other) noexcept {
  if (this == &other) return *this;
  head_ = other.head_;
  heap_ = std::move(other.heap_);
  if (heap_) {
    other.clear();
  } else {
    std::memcpy(inline_, other.inline_, head_.size);
  }
  return *this;
}

Session::~Session() = default;

std::byte* Session::reserve_body() {
  if (head_.size <= inline_bytes) {
    heap_.reset();
    return inline_;
  }
  heap_ = std::make_unique_for_overwrite<std::byte[]>(head_.size);
  return heap_.get();
}

void Session::clear() noexcept {
  head_.role_count = head_.scope_count = head_.attribute_count = head_.protected_count = 0;
  head_.size = 3 * sizeof(Span);
  heap_.reset();
  std::memset(inline_, 0, head_.size);
}

void Session::write_image(std::byte* image) const noexcept {
  static_assert(sizeof(Head) == image_head_bytes && offsetof(Head, level) == 48 && offsetof(Head, size) == 64 &&
                offsetof(Head, id) == 68 && offsetof(Head, protected_count) == 92);
  std::memcpy(image, &head_, sizeof head_);
  std::memcpy(image + sizeof head_, body(), head_.size);
}

std::optional<Session> Session::from_image(std::span<const std::byte> image) {
  Session session;
  Head& head = session.head_;
  if (image.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, image.data(), sizeof head);
  const std::uint64_t pairs = std::uint64_t{head.attribute_count} + head.protected_count;
  const std::uint64_t spans = 3 + std::uint64_t{head.role_count} + head.scope_count + 2 * pairs;
  const bool fits = image.size() - sizeof head == head.size && spans * sizeof(Span) <= head.size;
  if (!fits || !SessionId::parse({head.id, SessionId::length})) return std::nullopt;
  std::memcpy(session.reserve_body(), image.data() + sizeof head, head.size);
  for (std::size_t i = 0; i < spans; ++i) {
    Span span;
    std::memcpy(&span, session.body() + i * sizeof span, sizeof span);
    if (std::uint64_t{span.offset} + span.length > head.size) return std::nullopt;
  }
  return session;
}

SessionId Session::id() const noexcept {
  SessionId id;
  std::copy_n(head_.id, SessionId::length, id.text_.begin());
  return id;
}

bool Session::has_role(std::string_view role) const noexcept {
  for (std::size_t i = 0; i < role_count(); ++i) {
    if (this->role(i) == role) return true;
  }
  return false;
}

bool Session::has_scope(std::string_view scope) const noexcept {
  for (std::size_t i = 0; i < scope_count(); ++i) {
    if (this->scope(i) == scope) return true;
  }
  return false;
}

std::optional<std::string_view> Session::attribute(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < attribute_count(); ++i) {
    if (attribute_name(i) == name) return attribute_json(i);
  }
  return std::nullopt;
}

std::optional<std::string_view> Session::protected_attribute(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < protected_count(); ++i) {
    if (protected_name(i) == name) return protected_json(i);
  }
  return std::nullopt;
}

}  // namespace ficha
