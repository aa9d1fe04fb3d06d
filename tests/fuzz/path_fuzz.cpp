// Any bytes as a request target and, behind a line break, as a pattern. What is accepted holds nothing ambiguous, and
// a pattern that covers another one matches what that one matches.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "http/case_folding.hpp"
#include "http/path.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_canonical(std::string_view path) {
  require(path.empty() || path.front() == '/');
  require(ficha::is_plain_text(path));
  require(path.find_first_of("\\;") == std::string_view::npos);
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/', 1), rest.size());
    const std::string_view segment = rest.substr(1, end - 1);
    require(!segment.empty() && segment != "." && segment != "..");
    rest.remove_prefix(end);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto next_line = [&input] {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    return line;
  };
  const std::string_view target = next_line();
  const auto first = ficha::PathPattern::compile(next_line());
  const auto second = ficha::PathPattern::compile(next_line());

  ficha::CanonicalPath path;
  ficha::CanonicalPath again;
  if (again.parse_decoded(target)) check_canonical(again.text());
  if (!path.parse(target)) return 0;
  check_canonical(path.text());
  // What is decoded already stays what it is; what is folded already too.
  require(path.text().empty() || (again.parse_decoded(path.text()) && again.text() == path.text()));
  const std::string folded = ficha::fold_case(path.text());
  require(ficha::fold_case(folded) == folded && ficha::is_plain_text(folded));
  require(path.may_fold() || folded == path.text());
  const bool first_matches = first && first->matches(path.text());
  const bool second_matches = second && second->matches(path.text());
  if (first && second && first->covers(*second)) require(first_matches || !second_matches);
  if (first && second && !first->meets(*second)) require(!first_matches || !second_matches);
  if (first && first_matches) require(first->folded().matches(folded));
  return 0;
}
