#include "base/json.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace ficha {
namespace {

// Accepts everything up to the greatest depth. The parser itself keeps its place on the heap, not on the stack.
class Acceptor final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Acceptor(int max_depth) : max_depth_(max_depth) {}

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return ++depth_ <= max_depth_; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return ++depth_ <= max_depth_; }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  bool leave() {
    --depth_;
    return true;
  }

  const int max_depth_;
  int depth_ = 0;
};

// The decimal value of a JSON number as digits and a power of ten.
std::string canonical_number(std::string_view text) {
  std::string number;
  if (text.starts_with('-')) {
    number = "-";
    text.remove_prefix(1);
  }
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  std::int64_t exponent = 0;
  if (e < text.size()) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    constexpr std::size_t most_digits = 15;  // more can only be a zero, or many zeros
    if (digits.size() > most_digits) return number.append(text);
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  }
  std::string digits;
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  digits.append(mantissa.substr(0, point));
  if (point < mantissa.size()) {
    digits.append(mantissa.substr(point + 1));
    exponent -= static_cast<std::int64_t>(mantissa.size() - point - 1);
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return "0";
  const std::size_t significant = digits.find_last_not_of('0') + 1;
  exponent += static_cast<std::int64_t>(digits.size() - significant);
  digits.resize(significant);
  return number.append(digits).append("e").append(std::to_string(exponent));
}

// Writes the canonical text while it reads.
class Canonicalizer final : public nlohmann::json_sax<nlohmann::json> {
 public:
  [[nodiscard]] std::string take() { return std::move(text_); }

  bool null() override { return add("null"); }
  bool boolean(bool value) override { return add(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return add(canonical_number(std::to_string(value))); }
  bool number_unsigned(number_unsigned_t value) override { return add(canonical_number(std::to_string(value))); }
  bool number_float(number_float_t, const string_t& text) override { return add(canonical_number(text)); }
  bool string(string_t& value) override { return add(json_quoted(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(); }
  bool key(string_t& name) override {
    open_.back().emplace_back(json_quoted(name), std::string{});
    return true;
  }
  bool end_object() override {
    Members members = std::move(open_.back());
    open_.pop_back();
    std::ranges::stable_sort(members, {}, &Members::value_type::first);
    std::string text = "{";
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i + 1 < members.size() && members[i].first == members[i + 1].first) continue;
      if (text.size() > 1) text += ',';
      text.append(members[i].first).append(":").append(members[i].second);
    }
    return add(text + "}");
  }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override {
    Members elements = std::move(open_.back());
    open_.pop_back();
    std::string text = "[";
    for (const auto& [name, element] : elements) text.append(text.size() > 1 ? "," : "").append(element);
    return add(text + "]");
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;  // elements of an array have no name

  bool open() {
    open_.emplace_back();
    return true;
  }
  bool add(std::string value) {
    if (open_.empty()) {
      text_ = std::move(value);
    } else if (!open_.back().empty() && open_.back().back().second.empty()) {
      open_.back().back().second = std::move(value);
    } else {
      open_.back().emplace_back(std::string{}, std::move(value));
    }
    return true;
  }

  std::vector<Members> open_;
  std::string text_;
};

}  // namespace

std::optional<std::string> canonical_json(std::string_view text) {
  if (!is_json(text)) return std::nullopt;
  Canonicalizer canonicalizer;
  nlohmann::json::sax_parse(text.begin(), text.end(), &canonicalizer);
  return canonicalizer.take();
}

bool is_json(std::string_view text, int max_depth) {
  // The parser would take a NUL for the end of the text, and pass over a byte order mark.
  if (text.empty() || text.front() == '\xEF' || text.find('\0') != std::string_view::npos) return false;
  Acceptor acceptor(max_depth);
  return nlohmann::json::sax_parse(text.begin(), text.end(), &acceptor);
}

std::string json_quoted(std::string_view text) {
  return nlohmann::json(text).dump();
}

std::optional<std::string> json_unquoted(std::string_view json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_string()) return std::nullopt;
  return parsed.get<std::string>();
}

}  // namespace ficha
