// A session as flat memory: built from fields, and copied word by word into and out of the near cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "ficha/session.hpp"

namespace ficha {

// Lays out a Session: first what it will hold, then every string, in the order in which Session numbers them (principal,
// device address, user agent, roles, scopes, then name and JSON of each attribute and of each protected one).
class SessionBuilder {
 public:
  struct Values {
    std::uint64_t generation;
    std::int64_t created_at;
    std::int64_t expires_at;
    std::int64_t idle_deadline;
    std::int64_t idle_seconds;
    std::int64_t authenticated_at;
    int level;
    std::size_t role_count;
    std::size_t scope_count;
    std::size_t attribute_count;
    std::size_t protected_count = 0;
    std::size_t string_bytes;  // of all strings together
  };

  SessionBuilder(const SessionId& id, const Values& values);
  void add(std::string_view text) noexcept;
  // After the last string.
  [[nodiscard]] Session finish() && noexcept { return std::move(session_); }

 private:
  Session session_;
  std::byte* body_;
  std::uint32_t next_span_ = 0;
  std::uint32_t next_byte_;
};

// The image of a session is its head, then the used bytes of its body, in whole words.
class SessionImage {
 public:
  // Words of the image.
  [[nodiscard]] static std::size_t size(const Session& session) noexcept {
    return head_words + words(session.head_.size);
  }

  // Writes size(session) words to the front of `image`, which must be long enough.
  static void store(const Session& session, std::span<std::uint64_t> image) noexcept;

  // Fills `session` from an image. `word(i)` returns the i-th of at most `count` words; each is asked for once, in
  // order, and goes straight to its place. False if the image says it is longer than `count`.
  // Words that change meanwhile make a senseless session but touch no other memory: a reader under a seqlock validates
  // afterwards, and resets `session` if the read was torn. Allocates only when the body exceeds Session::inline_bytes.
  template <class Word>
  [[nodiscard]] static bool load(std::size_t count, Word word, std::optional<Session>& session) {
    if (count < head_words) return false;
    if (!session) session.emplace(Empty{});
    Session& target = *session;
    std::uint64_t head[head_words];
    for (std::size_t i = 0; i < head_words; ++i) head[i] = word(i);
    std::memcpy(static_cast<void*>(&target.head_), head, sizeof target.head_);
    const std::size_t body_words = words(target.head_.size);
    if (body_words > count - head_words) {
      session.reset();
      return false;
    }
    std::byte* body = target.reserve_body();
    const std::size_t whole = target.head_.size / sizeof(std::uint64_t);
    for (std::size_t i = 0; i < whole; ++i) {
      const std::uint64_t value = word(head_words + i);
      std::memcpy(body + i * sizeof value, &value, sizeof value);
    }
    if (whole < body_words) {
      const std::uint64_t value = word(head_words + whole);
      std::memcpy(body + whole * sizeof value, &value, target.head_.size % sizeof value);
    }
    return true;
  }

 private:
  // Makes the Session in place: std::optional cannot call its private constructor.
  struct Empty {
    operator Session() const noexcept { return make(); }
  };
  static Session make() noexcept {
    Session session;  // not `return {}`, which would zero all of it
    return session;
  }

  static constexpr std::size_t words(std::size_t bytes) noexcept {
    return (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
  }
  static constexpr std::size_t head_words = sizeof(Session::Head) / sizeof(std::uint64_t);
  static_assert(sizeof(Session::Head) % sizeof(std::uint64_t) == 0);
};

}  // namespace ficha
