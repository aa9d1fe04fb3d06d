// What a request changed, as a patch.
#include <algorithm>

#include "base/json.hpp"
#include "ficha/store.hpp"

namespace ficha {
namespace {

Error no_json(const std::string& name) {
  return {ErrorCode::invalid_argument, "attribute \"" + name + "\" is no JSON"};
}

}  // namespace

Result<std::vector<Patch::Op>> difference(std::span<const Attribute> before, std::span<const Attribute> after) {
  std::vector<Patch::Op> ops;
  for (const Attribute& attribute : before) {
    const bool stays = std::ranges::find(after, attribute.name, &Attribute::name) != after.end();
    if (!stays) ops.push_back({Patch::Kind::remove, attribute.name, {}});
  }
  for (const Attribute& attribute : after) {
    const auto found = std::ranges::find(before, attribute.name, &Attribute::name);
    const bool is_known = found != before.end();
    if (is_known && found->json == attribute.json) continue;  // most of what was not changed
    const auto canonical = canonical_json(attribute.json);
    if (!canonical) return no_json(attribute.name);
    if (is_known && canonical_json(found->json) == canonical) continue;
    ops.push_back({Patch::Kind::set, attribute.name, attribute.json});
  }
  return ops;
}

}  // namespace ficha
