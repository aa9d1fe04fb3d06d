#include <algorithm>
#include <array>
#include <cstdint>

#include <msgpack/null_visitor.hpp>
#include <msgpack/unpack.hpp>

#include "base/utf8.hpp"
#include "session/record.hpp"
#include "session/validation.hpp"

namespace ficha {
namespace {

constexpr std::uint32_t live_elements = 15;
constexpr std::uint32_t least_live_elements = 14;  // records without protected attributes
constexpr std::uint32_t superseded_elements = 4;
constexpr std::size_t max_depth = 32;
constexpr std::uint64_t max_integer = std::uint64_t{1} << 53U;

// Places in the record's array, counted as in the wire format.
enum Element : std::uint32_t {
  version = 1,
  kind,
  guard,
  generation,
  successor = 4,  // of a superseded session
  created,
  expires,
  idle,
  authenticated,
  level,
  principal,
  roles,
  scopes,
  device,
  attributes,
  protected_attributes,
};

constexpr std::array<std::string_view, live_elements + 1> element_names = {
    "record",        "version", "kind",      "guard", "generation", "created", "expires",    "idle",
    "authenticated", "level",   "principal", "roles", "scopes",     "device",  "attributes", "protected"};

// Follows the parser through the array and fills the fields. Nothing is kept of a record that fails anywhere.
class Reader {
 public:
  Reader(std::size_t record_bytes, std::string_view expected_guard)
      : record_bytes_(record_bytes), expected_guard_(expected_guard) {}

  // What the parser calls. False stops it.
  bool visit_nil() { return other(); }
  bool visit_boolean(bool) { return other(); }
  bool visit_float32(float) { return other(); }
  bool visit_float64(double) { return other(); }
  bool visit_bin(const char*, std::uint32_t) { return other(); }
  bool visit_ext(const char*, std::uint32_t) { return other(); }
  // Called for everything in a signed form, whatever its sign.
  bool visit_negative_integer(std::int64_t value) {
    if (value >= 0) return visit_positive_integer(static_cast<std::uint64_t>(value));
    return in_additions() || fail("is negative");
  }
  bool visit_positive_integer(std::uint64_t value);
  bool visit_str(const char* text, std::uint32_t size);
  bool start_array(std::uint32_t count);
  bool start_array_item() { return true; }
  bool end_array_item();
  bool end_array() { return leave(); }
  bool start_map(std::uint32_t count);
  bool start_map_key() { return true; }
  bool end_map_key() { return true; }
  bool start_map_value() { return true; }
  bool end_map_value() { return true; }
  bool end_map() { return leave(); }
  void parse_error(std::size_t, std::size_t) { fail("is not MessagePack"); }
  void insufficient_bytes(std::size_t, std::size_t) { fail("is cut short"); }
  [[nodiscard]] static bool referenced() { return false; }
  void set_referenced(bool) {}

  [[nodiscard]] bool is_superseded() const { return superseded_; }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] RecordFields& fields() { return fields_; }
  [[nodiscard]] const std::optional<SessionId>& successor_id() const { return successor_; }
  [[nodiscard]] Error error() const { return {ErrorCode::corrupt_record, error_}; }

 private:
  using Pairs = decltype(RecordFields::attributes);
  bool fail(std::string_view what);
  bool other() { return in_additions() || fail("has the wrong type"); }
  [[nodiscard]] std::uint32_t known_elements() const { return superseded_ ? superseded_elements : live_elements; }
  [[nodiscard]] bool in_additions() const { return depth_ > 0 && element_ > known_elements(); }
  bool enter(std::uint64_t least_bytes);
  bool leave() {
    --depth_;
    return true;
  }
  bool set_kind(std::uint64_t value);
  bool set_device(std::string_view text);
  bool add_attribute_part(Pairs& pairs, std::string_view text);
  bool add_protected_part(std::string_view text);

  std::size_t record_bytes_;
  std::string_view expected_guard_;
  RecordFields fields_;
  std::optional<SessionId> successor_;
  bool superseded_ = false;
  std::uint32_t count_ = 0;
  std::uint32_t element_ = 1;  // the one being read
  std::size_t depth_ = 0;      // 1 inside the record's array
  std::size_t part_ = 0;       // strings read of the device or of the attributes, protected or not
  std::size_t protected_bytes_ = 0;
  std::string error_;
};

bool Reader::fail(std::string_view what) {
  if (!error_.empty()) return false;
  error_ = "stored record: ";
  if (depth_ == 0) {
    error_ += "the array";
  } else if (superseded_ && element_ == successor) {
    error_ += "element 4 (successor)";
  } else {
    error_ += "element " + std::to_string(element_);
    if (!in_additions()) error_.append(" (").append(element_names[element_]).append(")");
  }
  error_.append(" ").append(what);
  return false;
}

// A count that the remaining bytes cannot hold is refused before anything is allocated for it.
bool Reader::enter(std::uint64_t least_bytes) {
  if (least_bytes > record_bytes_) return fail("counts more items than the record has bytes");
  if (depth_ == max_depth) return fail("is nested too deeply");
  ++depth_;
  return true;
}

bool Reader::start_array(std::uint32_t count) {
  if (depth_ == 0) {
    if (count < superseded_elements) return fail("is too short");
    count_ = count;
    return enter(count);
  }
  if (in_additions()) return enter(count);
  if (depth_ > 1 || superseded_) return fail("has the wrong type");
  switch (element_) {
    case roles:
    case scopes:
      if (!enter(count)) return false;
      (element_ == roles ? fields_.roles : fields_.scopes).reserve(count);
      return true;
    case device:
      if (count != 0 && count != 2) return fail("does not have two items");
      return enter(count);
    case attributes:
    case protected_attributes:  // Redis' Lua packs an empty map as an empty array
      if (count != 0) return fail("has the wrong type");
      return enter(count);
    default:
      return fail("has the wrong type");
  }
}

bool Reader::start_map(std::uint32_t count) {
  if (depth_ == 0) return fail("is not an array");
  if (in_additions()) return enter(std::uint64_t{2} * count);
  const bool is_protected = element_ == protected_attributes;
  if (depth_ > 1 || superseded_ || (element_ != attributes && !is_protected)) return fail("has the wrong type");
  if (!is_protected && count > max_attributes) return fail("has more than 256 attributes");
  if (is_protected && count > max_protected_attributes) return fail("has more than 32 attributes");
  if (!enter(std::uint64_t{2} * count)) return false;
  (is_protected ? fields_.protected_attributes : fields_.attributes).reserve(count);
  return true;
}

bool Reader::end_array_item() {
  if (depth_ == 1) {
    ++element_;
    part_ = 0;
  }
  return true;
}

bool Reader::visit_positive_integer(std::uint64_t value) {
  if (in_additions()) return true;
  if (depth_ == 0) return fail("is not an array");
  if (depth_ > 1 || (superseded_ && element_ > kind)) return fail("has the wrong type");
  if (value > max_integer) return fail("is greater than 2^53");
  const auto number = static_cast<std::int64_t>(value);
  switch (element_) {
    case version:
      return value == 1 || fail("is unknown: unknown version");
    case kind:
      return set_kind(value);
    case generation:
      fields_.generation = value;
      return value >= 1 || fail("is zero");
    case created:
      fields_.created_at = number;
      return true;
    case expires:
      fields_.expires_at = number;
      return number >= fields_.created_at || fail("is before created");
    case idle:
      fields_.idle_seconds = number;
      return true;
    case authenticated:
      fields_.authenticated_at = number;
      return true;
    case level:
      fields_.level = static_cast<int>(value);
      return value <= 3 || fail("is greater than 3");
    default:
      return fail("has the wrong type");
  }
}

bool Reader::set_kind(std::uint64_t value) {
  if (value > 1) return fail("is unknown");
  superseded_ = value == 1;
  return count_ >= (superseded_ ? superseded_elements : least_live_elements) || fail("needs a longer array");
}

bool Reader::visit_str(const char* bytes, std::uint32_t size) {
  const std::string_view text{size == 0 ? "" : bytes, size};
  if (depth_ == 0) return fail("is not an array");
  if (!is_utf8(text)) return fail("is not UTF-8");
  if (in_additions()) return true;
  if (depth_ == 1 && element_ == guard) {
    fields_.guard = text;
    return text == expected_guard_ || fail("belongs to another session");
  }
  if (superseded_) {
    if (depth_ != 1 || element_ != successor) return fail("has the wrong type");
    successor_ = SessionId::parse(text);
    return successor_.has_value() || fail("is not a session id");
  }
  if (depth_ == 1 && element_ == principal) {
    fields_.principal = text;
    if (text.size() > max_principal_bytes) return fail("is longer than 256 bytes");
    return is_plain_text(text) || fail("holds a control character");
  }
  if (depth_ != 2) return fail("has the wrong type");
  switch (element_) {
    case roles:
      fields_.roles.push_back(text);
      return true;
    case scopes:
      fields_.scopes.push_back(text);
      return true;
    case device:
      return set_device(text);
    case attributes:
      return add_attribute_part(fields_.attributes, text);
    case protected_attributes:
      return add_protected_part(text);
    default:
      return fail("has the wrong type");
  }
}

bool Reader::set_device(std::string_view text) {
  (part_++ == 0 ? fields_.device_address : fields_.device_user_agent) = text;
  return true;
}

// Names and JSON texts take turns.
bool Reader::add_attribute_part(Pairs& pairs, std::string_view text) {
  if (part_++ % 2 == 1) {
    pairs.back().second = text;
    return text.size() <= max_attribute_bytes || fail("has a value longer than 64 KiB");
  }
  if (text.empty() || text.size() > max_attribute_name_bytes) return fail("has a name that is not 1 to 64 bytes long");
  if (!is_plain_text(text)) return fail("has a name with a control character");
  const auto same = [text](const auto& attribute) { return attribute.first == text; };
  if (std::ranges::any_of(pairs, same)) return fail("names one attribute twice");
  pairs.emplace_back(text, std::string_view{});
  return true;
}

bool Reader::add_protected_part(std::string_view text) {
  protected_bytes_ += text.size();
  if (protected_bytes_ > max_protected_bytes) return fail("is longer than 64 KiB");
  return add_attribute_part(fields_.protected_attributes, text);
}

// Where the elements that this version does not know begin, in an array that has been read.
std::size_t additions_offset(std::string_view bytes) {
  const auto code = static_cast<unsigned char>(bytes[0]);
  std::size_t offset = code == 0xDC ? 3 : code == 0xDD ? 5 : 1;  // array 16, array 32, fixarray
  msgpack::null_visitor element;
  for (std::uint32_t i = 0; i < live_elements; ++i) msgpack::parse(bytes.data(), bytes.size(), offset, element);
  return offset;
}

Error corrupt(std::string_view what) {
  return {ErrorCode::corrupt_record, "stored record: " + std::string(what)};
}

}  // namespace

Result<Record> decode_record(std::string_view bytes, const SessionId& expected) {
  if (bytes.size() > max_record_bytes) return corrupt("longer than 256 KiB");
  Reader reader(bytes.size(), expected.guard());
  std::size_t end = 0;
  if (!msgpack::parse(bytes.data(), bytes.size(), end, reader)) return reader.error();
  if (end != bytes.size()) return corrupt("bytes follow the array");

  Result<Record> record = Record{std::in_place_type<RecordFields>, std::move(reader.fields())};
  RecordFields& fields = std::get<RecordFields>(*record);
  if (reader.is_superseded()) {
    *record = Superseded{fields.guard, *reader.successor_id()};
    return record;
  }
  if (reader.count() > live_elements) {
    fields.addition_count = reader.count() - live_elements;
    fields.additions = bytes.substr(additions_offset(bytes));
  }
  return record;
}

}  // namespace ficha
