// The interceptor against the vectors that every language runs (tests/conformance/README.md).
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ficha/interceptor.hpp"
#include "http/case_folding.hpp"
#include "http/path.hpp"
#include "session/record.hpp"
#include "vectors.hpp"

namespace ficha {
namespace {

using nlohmann::json;

constexpr std::int64_t now = 1'800'000'000;

// One character of the vector is one byte.
std::string latin1(const std::string& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      bytes += utf8[i];
    } else {
      const auto next = static_cast<unsigned char>(utf8[++i]);
      bytes += static_cast<char>((lead & 0x03U) << 6U | (next & 0x3FU));
    }
  }
  return bytes;
}

std::string octets(const json& written) {
  if (written.is_string()) return latin1(written);
  std::string bytes;
  for (const auto& [text, times] : written.get<std::vector<std::pair<std::string, int>>>()) {
    const std::string part = latin1(text);
    for (int i = 0; i < times; ++i) bytes += part;
  }
  return bytes;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

TEST(ConformancePaths, AreRefusedOrDecodedOnce) {
  const json cases = testing::load_vectors("paths.json")["canonical"];
  ASSERT_GE(cases.size(), 140U);
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    const std::string target = octets(test["given"]["target"]);
    CanonicalPath path;
    if (test["expect"].contains("refused")) {
      EXPECT_FALSE(path.parse(target));
    } else {
      ASSERT_TRUE(path.parse(target));
      EXPECT_EQ(path.text(), octets(test["expect"]["path"]));
    }
  }
}

TEST(ConformancePaths, ThatSomebodyDecodedAreRefusedOrTakenAsTheyAre) {
  const json cases = testing::load_vectors("paths.json")["decoded"];
  ASSERT_GE(cases.size(), 20U);
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    const std::string given = octets(test["given"]["path"]);
    CanonicalPath path;
    if (test["expect"].contains("refused")) {
      EXPECT_FALSE(path.parse_decoded(given));
    } else {
      ASSERT_TRUE(path.parse_decoded(given));
      EXPECT_EQ(path.text(), octets(test["expect"]["path"]));
    }
  }
}

TEST(ConformancePaths, AreFoldedInEveryScript) {
  const json cases = testing::load_vectors("paths.json")["folding"];
  ASSERT_GE(cases.size(), 20U);
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    EXPECT_EQ(fold_case(octets(test["given"]["text"])), octets(test["expect"]["folded"]));
  }
}

TEST(ConformancePaths, AreMatchedByWholeSegments) {
  const json cases = testing::load_vectors("paths.json")["matching"];
  ASSERT_GE(cases.size(), 70U);
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    const std::string target = octets(test["given"]["target"]);
    const auto pattern = PathPattern::compile(octets(test["given"]["pattern"]));
    ASSERT_TRUE(pattern);
    CanonicalPath path;
    ASSERT_TRUE(path.parse(target));
    EXPECT_EQ(pattern->matches(path.text()), test["expect"]["matches"].get<bool>());
  }
}

std::string_view name(CookieLookup lookup) {
  return lookup == CookieLookup::absent ? "absent" : lookup == CookieLookup::found ? "found" : "ambiguous";
}

TEST(ConformanceCookies, AreFoundInRawBytes) {
  const json cases = testing::load_vectors("cookies.json")["find"];
  ASSERT_GE(cases.size(), 85U);
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    std::vector<std::string> fields;
    for (const json& field : test["given"]["fields"]) fields.push_back(octets(field));
    const std::vector<std::string_view> views(fields.begin(), fields.end());
    const CookieValue found = find_cookie(views, test["given"]["name"].get<std::string>());
    EXPECT_EQ(name(found.lookup), test["expect"]["lookup"].get<std::string>());
    EXPECT_EQ(found.value, octets(test["expect"].value("value", json(""))));
  }
}

CookieConfig cookie_config(const json& given) {
  CookieConfig config;
  config.name = given.value("name", config.name);
  config.domain = given.value("domain", "");
  config.persistent = given.value("persistent", false);
  config.insecure_http = given.value("insecure_http", false);
  const std::map<std::string, SameSite> same_site = {
      {"strict", SameSite::strict}, {"lax", SameSite::lax}, {"none", SameSite::none}};
  config.same_site = same_site.at(given.value("same_site", "lax"));
  return config;
}

TEST(ConformanceCookies, AreWrittenAndCleared) {
  const json cases = testing::load_vectors("cookies.json")["write"];
  ASSERT_GE(cases.size(), 15U);
  const Token token = *Token::generate_anonymous({});
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    const CookieConfig config = cookie_config(test["given"]["cookie"]);
    ASSERT_TRUE(validate(config));
    if (test["expect"].contains("clear_cookie")) {
      EXPECT_EQ(clear_cookie(config).field(), test["expect"]["clear_cookie"].get<std::string>());
    } else {
      std::string expected = test["expect"]["set_cookie"];
      replace_all(expected, "$TOKEN", token.reveal());
      EXPECT_TRUE(set_cookie(config, token, test["given"]["remaining_seconds"]).field() == expected);
    }
  }
}

TEST(ConformanceBearer, IsExactlyOneToken) {
  const json cases = testing::load_vectors("bearer.json")["cases"];
  ASSERT_GE(cases.size(), 70U);
  const Interceptor interceptor = *Interceptor::compile(*parse_config("[[rule]]\npath = \"/**\"\n", "ficha.toml"));
  const std::map<std::string, Reason> reasons = {{"absent", Reason::no_credential},
                                                 {"found", Reason::malformed_token},
                                                 {"malformed", Reason::malformed_bearer},
                                                 {"several", Reason::two_authorizations}};
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    std::vector<std::string> fields;
    for (const json& field : test["given"]["fields"]) fields.push_back(octets(field));
    std::vector<HeaderField> headers;
    for (const std::string& field : fields) headers.push_back({"Authorization", field});
    const auto admitted = interceptor.admit({.method = "GET", .path = "/", .headers = headers});
    ASSERT_TRUE(std::holds_alternative<Decision>(admitted));
    EXPECT_EQ(name(std::get<Decision>(admitted).reason), name(reasons.at(test["expect"]["outcome"])));
  }
}

TEST(ConformancePolicies, LoadOrNameLineAndKey) {
  const json cases = testing::load_vectors("policies.json")["cases"];
  ASSERT_GE(cases.size(), 195U);
  for (const json& test : cases) {
    SCOPED_TRACE(test["name"]);
    const auto config = parse_config(test["given"]["toml"].get<std::string>(), "ficha.toml");
    const json& expect = test["expect"];
    if (expect.contains("ok")) {
      ASSERT_TRUE(config) << config.error().message;
      EXPECT_TRUE(Interceptor::compile(*config));
      continue;
    }
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, ErrorCode::invalid_config);
    std::string place = "ficha.toml:" + std::to_string(expect["line"].get<int>()) + ": ";
    if (!expect["key"].is_null()) place += expect["key"].get<std::string>() + ": ";
    const std::string& message = config.error().message;
    EXPECT_EQ(message.substr(0, place.size()), place) << message;
    EXPECT_NE(message.find(expect["says"].get<std::string>(), place.size()), std::string::npos) << message;
  }
}

// What the vectors' placeholders stand for.
struct Tokens {
  Token known = *Token::generate_anonymous({});
  Token unknown = *Token::generate_anonymous({});

  [[nodiscard]] std::string fill_in(std::string text, const Interceptor& interceptor) const {
    if (text.find('$') == std::string::npos) return text;
    replace_all(text, "$TOKEN2", unknown.reveal());
    replace_all(text, "$TOKEN", known.reveal());
    replace_all(text, "$CSRF2", *interceptor.csrf_token(unknown, openssl_random()));
    replace_all(text, "$CSRF", *interceptor.csrf_token(known, openssl_random()));
    return text;
  }
};

Session session_of(const json& given, const SessionId& id) {
  const auto strings = [&](const char* key) { return given.value(key, std::vector<std::string>{}); };
  const std::vector<std::string> roles = strings("roles");
  const std::vector<std::string> scopes = strings("scopes");
  const std::string principal = given["principal"];
  RecordFields fields;
  fields.created_at = now - 1'000'000;
  fields.expires_at = now + 3600;
  fields.idle_seconds = 1800;
  const json ago = given.value("authenticated_ago", json(0));
  fields.authenticated_at = ago.is_null() || principal.empty() ? 0 : now - ago.get<std::int64_t>();
  fields.level = given.value("level", 0);
  fields.principal = principal;
  fields.roles.assign(roles.begin(), roles.end());
  fields.scopes.assign(scopes.begin(), scopes.end());
  return make_session(id, fields, now + 1800);
}

LookupResult lookup_of(const json& lookup, const Token& token) {
  if (lookup.contains("session")) return std::optional(session_of(lookup["session"], token.id()));
  if (lookup.contains("none")) return std::optional<Session>();
  for (int number = 1; number < 100; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (name(code) == lookup["error"].get<std::string>()) return Error{code, "as the vector says"};
  }
  ADD_FAILURE() << "no such error: " << lookup;
  return std::optional<Session>();
}

void expect_decision(const Decision& decision, const json& expect) {
  EXPECT_EQ(name(decision.verdict), expect["verdict"].get<std::string>());
  EXPECT_EQ(name(decision.reason), expect["reason"].get<std::string>());
  EXPECT_EQ(decision.status, expect["status"].get<int>());
  EXPECT_EQ(decision.rule, expect["rule"].get<int>());
  EXPECT_EQ(name(decision.carrier), expect["carrier"].get<std::string>());
  std::map<std::string, std::string> headers;
  for (const ResponseHeader& header : decision.headers()) {
    EXPECT_TRUE(headers.emplace(header.name, header.value).second) << "twice: " << header.name;
  }
  EXPECT_EQ(headers, (expect["headers"].get<std::map<std::string, std::string>>()));
  EXPECT_EQ(decision.session.has_value(), decision.reason == Reason::allowed);
}

class OwnedReadings {
 public:
  explicit OwnedReadings(const json& given) {
    for (const json& reading : given) {
      texts_.emplace_back(reading.value("method", ""), octets(reading.value("target", json(""))));
      decoded_.push_back(reading.value("decoded", false));
    }
  }
  [[nodiscard]] std::vector<Reading> views() const {
    std::vector<Reading> views;
    for (std::size_t i = 0; i < texts_.size(); ++i) views.push_back({texts_[i].first, texts_[i].second, decoded_[i]});
    return views;
  }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<bool> decoded_;
};

TEST(ConformanceDecisions, AreTheSameForTheSameRequest) {
  const json document = testing::load_vectors("decisions.json");
  ASSERT_GE(document["cases"].size(), 775U);
  std::map<std::string, Interceptor> interceptors;
  for (const auto& [config, toml] : document["configs"].items()) {
    auto parsed = parse_config(toml.get<std::string>(), config);
    ASSERT_TRUE(parsed) << parsed.error().message;
    parsed->prefixes = document["prefixes"].value(config, std::vector<std::string>{});
    interceptors.emplace(config, *Interceptor::compile(*parsed));
  }
  const Tokens tokens;
  for (const json& test : document["cases"]) {
    SCOPED_TRACE(test["name"]);
    const json& given = test["given"];
    const Interceptor& interceptor = interceptors.at(given["config"]);

    std::vector<std::pair<std::string, std::string>> fields;
    for (const json& field : given["headers"]) {
      fields.emplace_back(octets(field[0]), tokens.fill_in(octets(field[1]), interceptor));
    }
    std::vector<HeaderField> headers;
    for (const auto& [field, value] : fields) headers.push_back({field, value});
    const std::string method = octets(given["method"]);
    const std::string path = tokens.fill_in(octets(given["path"]), interceptor);
    const std::string scheme = given.value("scheme", "https");
    const std::string peer = given.value("peer", "");
    const std::string prefix = given.value("prefix", "");
    const OwnedReadings readings(given.value("readings", json::array()));
    const std::vector<Reading> views = readings.views();
    const HttpRequest request{method, path, headers, scheme, peer, prefix, views};

    const json& expect = test["expect"];
    auto admitted = interceptor.admit(request);
    const Admission* admission = std::get_if<Admission>(&admitted);
    EXPECT_EQ(admission != nullptr, expect["asks_store"].get<bool>());
    if (admission == nullptr) {
      expect_decision(std::get<Decision>(admitted), expect);
      continue;
    }
    const json usual = json::object();
    EXPECT_EQ(admission->fresh, expect.value("look_up", usual).value("fresh", false));
    EXPECT_EQ(admission->touch, expect.value("look_up", usual).value("touch", true));
    const bool known = admission->token == tokens.known.reveal();
    EXPECT_TRUE(known);
    expect_decision(interceptor.judge(request, *admission, lookup_of(given["lookup"], tokens.known), now), expect);
  }
}

}  // namespace
}  // namespace ficha
