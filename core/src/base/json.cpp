#include "base/json.hpp"

#include <nlohmann/json.hpp>

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

}  // namespace

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
