// What Java sees of the core: functions over handles and bytes, wrapped by SWIG (facade.i) and, where its cost shows, by
// hand (hot_path.cpp). Every number in the bytes is in the machine's byte order; dev.ficha.internal has the other half.
//
// A handle is a Client* that stays valid until release(); after close() every call answers `closed`. Nothing throws but
// std::bad_alloc, which facade.i turns into OutOfMemoryError.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ficha::java {

using Handle = std::int64_t;

// Bytes of a Java array, during the call.
using Bytes = std::string_view;

// An answer: a kind, then what belongs to it. Becomes a byte[].
//   error     code (4), message
//   none      nothing: no such session
//   session   a session's image
//   issued    56 bytes of token, a session's image
//   number    8 bytes
//   flag      1 byte
//   sessions  for each, length of the image (4), the image
//   decision  facts: verdict, reason, carrier (1 each), status, rule (4 each), skipped rules (count (1), 2 each for four);
//             whether there is a session (1), headers; the image of the session
//   text      bytes
//   findings  for each: index of the route, index of the rule, its line (4 each), methods (a list), problem
//   cookie    name, value, path, domain, optional max_age (8), same_site (1), secure (1), field
//   response  status (4), code, message, body, headers
//   unknown   only the store knows: what to submit (8), 0 if it was not kept
// Texts are length (4) and bytes; headers are their count (4), then name and value of each.
enum class Answer : std::uint8_t {
  error,
  none,
  session,
  issued,
  number,
  flag,
  sessions,
  decision,
  text,
  findings,
  cookie,
  response,
  unknown,
};
using Packed = std::string;

// What open() reads: the path of a ficha.toml, its text, or settings (requests.hpp).
enum class Source : std::uint8_t { path, toml, settings };
// Opens a client. `prefixes` is a list (requests.hpp). `manual_unix_ms` other than 0 sets a clock that stands still until
// advance_clock(), for tests. → number (the handle)
Packed open(int source, Bytes configuration, Bytes prefixes, std::int64_t manual_unix_ms);
void advance_clock(Handle handle, std::int64_t milliseconds);
// Ends the connection; operations in flight complete with `closed`.
void close(Handle handle);
// After close(), when nobody can use the handle any more.
void release(Handle handle);
// Handles opened and not yet closed, and those not yet released.
int unclosed_handles();
int unreleased_handles();
// What was kept to be submitted, and was neither submitted nor dropped.
int unsubmitted();

// Carries `request` (requests.hpp) out; exactly one completion with `id`, not 0, follows.
void submit(Handle handle, std::int64_t id, Bytes request);
// Likewise, and frees, what `unknown` named.
void submit_unknown(Handle handle, std::int64_t id, std::int64_t unknown);
void drop_unknown(std::int64_t unknown);
// Takes the first of the completions that Java could not take from awaitCompletions() for lack of memory; its id, 0 if
// there is none.
std::int64_t drop_completion(Handle handle);
// `requirement` (requests.hpp) on what a decision let through: its facts, then the image of a session, if there is one.
// → decision, without the headers of that one
Packed require(Handle handle, Bytes requirement, Bytes admitted);
// What changed (requests.hpp). → text: a byte for each attribute after, 1 if it is new or says something else; or error
Packed difference(Bytes attributes);
// Whether a requirement can be meant: → flag, or error. `says_allow`: it says for whom it is.
Packed check_requirement(Bytes requirement, bool says_allow);
// Whether `reading` (requests.hpp) is one of those of a request.
bool is_judged(Handle handle, Bytes request, Bytes reading);
// `routes` (requests.hpp) → findings
Packed check_routes(Handle handle, Bytes routes);
// → text: the names, one a line
Packed judged_fields(Handle handle);
// → text
Packed explain(Handle handle, Bytes facts);
// → response: to the facts of a decision that does not allow, without its headers; to an error and its own sentence
Packed respond_to_denial(Bytes facts);
Packed respond_to_error(int code, Bytes message);

// → cookie. `issued` without its kind.
Packed set_cookie(Handle handle, Bytes issued);
Packed clear_cookie(Handle handle);
// → text, or error
Packed csrf_token(Handle handle, Bytes token);
// The id of the session that a token leads to. → text, or none if it is no token of this configuration
Packed token_id(Handle handle, Bytes token);
bool is_identity_header(Handle handle, Bytes name);
bool has_identity_headers(Handle handle);
bool passes_credential(Handle handle);

// The numbers of Stats in its order, 8 bytes each.
Packed stats(Handle handle);
Packed prometheus(Handle handle, Bytes prefix);
// What the core logged since the last call: (level (1), length (4), message)…
Packed take_log(Handle handle);

// → text, for all three
Packed verdict_name(int verdict);
Packed reason_name(int reason);
Packed error_name(int code);
int error_status(int code);
int last_error_number();

}  // namespace ficha::java
