// A session as one service sees it: an immutable snapshot, cheap to copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ficha/token.hpp"

namespace ficha {

// What a client says of itself may be anything: stored are at most 512 bytes of each, with "?" for control characters and
// for what is not UTF-8.
struct Device {
  std::string address;     // as the service saw it; may be empty
  std::string user_agent;  // may be empty
  friend bool operator==(const Device&, const Device&) = default;
};

struct Attribute {
  std::string name;  // 1 to 64 bytes of UTF-8 without control characters
  std::string json;  // one JSON text, at most 64 KiB
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// All strings lie in one buffer inside the object (on the heap when larger than `inline_bytes`), so copying a usual
// session allocates nothing. Views handed out live as long as the Session. Times are Unix seconds on the store's clock.
// Thread rule: const access from any thread.
class Session {
 public:
  static constexpr std::size_t inline_bytes = 640;

  Session(const Session& other);
  Session(Session&& other) noexcept;
  Session& operator=(const Session& other);
  Session& operator=(Session&& other) noexcept;
  ~Session();

  [[nodiscard]] SessionId id() const noexcept;
  [[nodiscard]] std::uint64_t generation() const noexcept { return head_.generation; }
  [[nodiscard]] std::int64_t created_at() const noexcept { return head_.created_at; }
  [[nodiscard]] std::int64_t expires_at() const noexcept { return head_.expires_at; }  // absolute deadline
  // When the idle timeout would end the session if it is not used again, as known when it was read.
  [[nodiscard]] std::int64_t idle_deadline() const noexcept { return head_.idle_deadline; }
  [[nodiscard]] std::int64_t idle_seconds() const noexcept { return head_.idle_seconds; }  // 0 = no idle timeout
  [[nodiscard]] std::int64_t authenticated_at() const noexcept { return head_.authenticated_at; }  // 0 = never
  [[nodiscard]] int level() const noexcept { return head_.level; }  // assurance level, 0 to 3

  [[nodiscard]] std::string_view principal() const noexcept { return text(0); }
  [[nodiscard]] bool anonymous() const noexcept { return principal().empty(); }
  [[nodiscard]] std::string_view device_address() const noexcept { return text(1); }
  [[nodiscard]] std::string_view device_user_agent() const noexcept { return text(2); }

  [[nodiscard]] std::size_t role_count() const noexcept { return head_.role_count; }
  [[nodiscard]] std::string_view role(std::size_t i) const noexcept { return text(3 + i); }
  [[nodiscard]] bool has_role(std::string_view role) const noexcept;
  [[nodiscard]] std::size_t scope_count() const noexcept { return head_.scope_count; }
  [[nodiscard]] std::string_view scope(std::size_t i) const noexcept { return text(3 + head_.role_count + i); }
  [[nodiscard]] bool has_scope(std::string_view scope) const noexcept;

  [[nodiscard]] std::size_t attribute_count() const noexcept { return head_.attribute_count; }
  [[nodiscard]] std::string_view attribute_name(std::size_t i) const noexcept { return text(attribute_index(i)); }
  [[nodiscard]] std::string_view attribute_json(std::size_t i) const noexcept { return text(attribute_index(i) + 1); }
  // The JSON text of one attribute; nullopt where there is none.
  [[nodiscard]] std::optional<std::string_view> attribute(std::string_view name) const noexcept;

  // Protected attributes carry identity and authority: an adapter writes them for its framework, nothing that names an
  // ordinary attribute reaches them, and list() shows none.
  [[nodiscard]] std::size_t protected_count() const noexcept { return head_.protected_count; }
  [[nodiscard]] std::string_view protected_name(std::size_t i) const noexcept { return text(protected_index(i)); }
  [[nodiscard]] std::string_view protected_json(std::size_t i) const noexcept { return text(protected_index(i) + 1); }
  [[nodiscard]] std::optional<std::string_view> protected_attribute(std::string_view name) const noexcept;

  // The session as flat bytes, for a host that keeps it in memory of its own; never stored or sent. In the machine's byte
  // order: generation, created_at, expires_at, idle_deadline, idle_seconds, authenticated_at (8 bytes each); level, counts
  // of roles, scopes and attributes, size of the body (4 each); the id (24); count of protected attributes (4). Then the
  // body: an (offset within the body, length) pair of 4 bytes each for principal, device address, user agent, every role,
  // every scope, name and JSON of every attribute, and name and JSON of every protected attribute; then the bytes they name.
  static constexpr std::size_t image_head_bytes = 96;
  [[nodiscard]] std::size_t image_size() const noexcept { return image_head_bytes + head_.size; }
  void write_image(std::byte* image) const noexcept;  // image_size() bytes
  // nullopt unless the bytes are a whole image.
  [[nodiscard]] static std::optional<Session> from_image(std::span<const std::byte> image);

 private:
  friend class SessionBuilder;  // fills the image from a decoded record
  friend class SessionImage;    // copies the image into and out of the near cache

  struct Span {
    std::uint32_t offset;
    std::uint32_t length;
  };
  struct Head {
    std::uint64_t generation;
    std::int64_t created_at;
    std::int64_t expires_at;
    std::int64_t idle_deadline;
    std::int64_t idle_seconds;
    std::int64_t authenticated_at;
    std::int32_t level;
    std::uint32_t role_count;
    std::uint32_t scope_count;
    std::uint32_t attribute_count;
    std::uint32_t size;  // bytes of the body: spans, then the strings they name
    char id[SessionId::length];
    std::uint32_t protected_count;
  };

  Session() = default;
  [[nodiscard]] std::size_t attribute_index(std::size_t i) const noexcept {
    return 3 + head_.role_count + head_.scope_count + 2 * i;
  }
  [[nodiscard]] std::size_t protected_index(std::size_t i) const noexcept {
    return attribute_index(head_.attribute_count + i);
  }
  [[nodiscard]] const std::byte* body() const noexcept { return heap_ ? heap_.get() : inline_; }
  [[nodiscard]] std::string_view text(std::size_t i) const noexcept {
    Span span;
    std::memcpy(&span, body() + i * sizeof(Span), sizeof span);
    return {reinterpret_cast<const char*>(body() + span.offset), span.length};
  }
  // Makes room for `head_.size` bytes and returns them.
  std::byte* reserve_body();
  // No strings at all: what a move leaves behind.
  void clear() noexcept;

  Head head_;
  std::unique_ptr<std::byte[]> heap_;
  std::byte inline_[inline_bytes];
};

// What a creation, login or rotation returns: the only moment at which the token is known to the service.
struct IssuedSession {
  Token token;
  Session session;
};

}  // namespace ficha
