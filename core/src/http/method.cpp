#include "http/method.hpp"

#include <algorithm>

namespace ficha {

bool MethodTable::add(std::string_view method) {
  if (method_bit(method) != 0 || std::find(named_.begin(), named_.end(), method) != named_.end()) return true;
  if (named_.size() == max_named) return false;
  named_.emplace_back(method);
  return true;
}

MethodSet MethodTable::bit_of_other(std::string_view method) const noexcept {
  if (!is_token(method)) return 0;
  const auto is_another_case = [method](std::string_view name) { return equal_ignoring_case(name, method); };
  if (std::any_of(known_methods.begin(), known_methods.end(), is_another_case)) return 0;
  for (std::size_t i = 0; i < named_.size(); ++i) {
    if (is_another_case(named_[i])) return named_[i] == method ? MethodSet{1} << (known_methods.size() + i) : 0;
  }
  return unnamed;
}

std::vector<std::string> MethodTable::names(MethodSet methods) const {
  std::vector<std::string> names;
  for (const std::string_view method : known_methods) {
    if ((methods & method_bit(method)) != 0) names.emplace_back(method);
  }
  for (std::size_t i = 0; i < named_.size(); ++i) {
    if ((methods >> (known_methods.size() + i) & 1U) != 0) names.push_back(named_[i]);
  }
  return names;
}

std::string MethodTable::list(MethodSet methods) const {
  std::string text;
  for (const std::string& method : names(methods)) text.append(text.empty() ? "" : ", ").append(method);
  return text;
}

}  // namespace ficha
