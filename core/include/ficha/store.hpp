// What can be asked of the session store, and what it answers. The calls themselves are Client's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "ficha/session.hpp"

namespace ficha {

// A session to be. Principal: UTF-8, at most 256 bytes, no control characters; empty = anonymous.
struct NewSession {
  std::string principal;
  std::vector<std::string> roles;
  std::vector<std::string> scopes;
  std::vector<Attribute> attributes;
  Device device;
  int level = 0;              // assurance level, 0 to 3
  bool authenticated = true;  // the principal proves itself now; ignored for an anonymous session
  std::optional<std::chrono::seconds> idle_timeout;      // default: the configuration's
  std::optional<std::chrono::seconds> absolute_timeout;  // default: the configuration's
  // Identity and authority, which only an adapter writes (Session::protected_attribute): at most 32, 64 KiB together.
  std::vector<Attribute> protected_attributes;
  // Made ahead by a host that must tell the session's id before it is stored: Token::generate(), on the principal's route,
  // or generate_anonymous(). Default: a new one.
  std::optional<Token> token = {};
};

// Changes to one live session, applied as one atomic step in the order given. Everything not named stays.
struct Patch {
  enum class Kind : std::uint8_t {
    set,        // create or replace
    add,        // create; attribute_exists if it is there
    remove,     // delete; nothing happens if it is not there
    increment,  // add `by` to an integer attribute (absent = 0); |result| stays within 2^53
    put,        // in a bag, which is an attribute that is a JSON object (absent = empty): set one key
    take,       // in a bag: remove one key; nothing happens if it is not there
  };
  struct Op {
    Kind kind;
    std::string name;
    std::string json;      // for set, add and put; for put nested one level less deep
    std::int64_t by = 0;   // for increment
    std::string key = {};  // for put and take: 1 to 256 bytes of UTF-8; a bag holds at most 256 keys
  };
  std::vector<Op> ops;
  std::vector<Op> protected_ops;                   // set and remove, on protected attributes
  std::optional<std::vector<std::string>> roles;   // replaces all roles
  std::optional<std::vector<std::string>> scopes;  // replaces all scopes
  std::optional<Device> device;
  std::optional<std::uint64_t> expected_generation;  // conflict if the stored one differs
  // New lifetimes of the session, which counts as used now; its authentication time stays.
  std::optional<std::chrono::seconds> idle_timeout;      // 0 = none
  std::optional<std::chrono::seconds> absolute_timeout;  // from now on

  [[nodiscard]] bool empty() const noexcept {
    return ops.empty() && protected_ops.empty() && !roles && !scopes && !device && !changes_lifetime();
  }
  [[nodiscard]] bool changes_lifetime() const noexcept { return idle_timeout || absolute_timeout; }
};

// What leads from the attributes `before` to those of `after`: a set for each that is new or says something else, a remove
// for each that is missing. The same value in other words (blanks, order of members, 1.0 for 1) is no difference, so that a
// host may compare what it decoded and encoded again. Errors: invalid_argument naming the attribute, for what is no JSON.
[[nodiscard]] Result<std::vector<Patch::Op>> difference(std::span<const Attribute> before,
                                                        std::span<const Attribute> after);

struct LoadOptions {
  bool touch = true;   // false: the read does not extend the idle timeout (polling)
  bool fresh = false;  // true: ask Redis, whatever the near cache holds
};

struct RotateOptions {
  // For how long the old token still leads to the session, for requests already under way; at most 30 s.
  std::chrono::seconds grace{0};
};

// A login. With `current` of the same principal its attributes, protected ones too, move along in one atomic step
// (re-authentication); of another principal or anonymous, a new session is made and the current one revoked: it has no
// protected attributes but those given, and what `keep_protected` names. What is carried over is what the store holds at the
// moment the current session ends: whoever writes to it later learns that it is gone.
struct Login {
  NewSession session;
  std::optional<SessionId> current;
  bool keep_attributes = true;  // carry the attributes of an anonymous `current` over; never those of another principal
  // With them its protected attributes whose names begin so, for an adapter whose framework keeps what is of no identity
  // among them; empty: none.
  std::string keep_protected = {};
};

// `revoked` is said only when the store has acknowledged it.
enum class RevokeOutcome : std::uint8_t { revoked, not_found };

// The requests of Client::submit, one for each blocking call of Client.
struct LoadRequest {
  Secret token;
  LoadOptions options;
};
struct FindRequest {
  SessionId id;
};
struct CreateRequest {
  NewSession session;
};
struct PatchRequest {
  SessionId id;
  Patch patch;
};
struct RotateRequest {
  SessionId id;
  RotateOptions options;
};
struct LoginRequest {
  Login login;
};
struct RevokeRequest {
  SessionId id;
};
struct RevokePrincipalRequest {
  std::string principal;
  std::optional<SessionId> except;
};
struct PatchPrincipalRequest {
  std::string principal;
  Patch patch;
};
struct ListRequest {
  std::string principal;
};

using StoreRequest = std::variant<LoadRequest, CreateRequest, PatchRequest, RotateRequest, LoginRequest, RevokeRequest,
                                  RevokePrincipalRequest, PatchPrincipalRequest, ListRequest, FindRequest>;

}  // namespace ficha
