#include "session/validation.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "session/record.hpp"

namespace ficha {
namespace {

using std::chrono::seconds;
constexpr auto ok = ErrorCode{0};

ErrorCode code_of(const Result<void>& result) {
  return result ? ok : result.error().code;
}

NewSession usual_session() {
  NewSession session;
  session.principal = "alice";
  session.roles = {"admin"};
  session.scopes = {"read", "write"};
  session.attributes = {{"cart", "[1,2,3]"}, {"theme", "\"dark\""}};
  session.device = {"192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64)"};
  session.level = 1;
  return session;
}

struct SessionCase {
  std::string what;
  std::function<void(NewSession&)> change;
  ErrorCode code;
  std::string field;  // that the message names
};

std::string json_string(std::size_t bytes) {
  return '"' + std::string(bytes - 2, 'x') + '"';
}

std::vector<Attribute> numbered_attributes(std::size_t count, std::size_t value_bytes) {
  std::vector<Attribute> attributes;
  for (std::size_t i = 0; i < count; ++i) attributes.push_back({"a" + std::to_string(i), json_string(value_bytes)});
  return attributes;
}

const std::vector<SessionCase>& session_cases() {
  using enum ErrorCode;
  static const std::vector<SessionCase> cases = {
      {"as it is", [](NewSession&) {}, ok, ""},
      {"anonymous", [](NewSession& s) { s.principal.clear(); }, ok, ""},
      {"principal of 256 bytes", [](NewSession& s) { s.principal.assign(256, 'p'); }, ok, ""},
      {"principal of 257 bytes", [](NewSession& s) { s.principal.assign(257, 'p'); }, too_large, "principal"},
      {"principal of a million bytes", [](NewSession& s) { s.principal.assign(1'000'000, 'p'); }, too_large,
       "principal"},
      {"principal with a NUL", [](NewSession& s) { s.principal = std::string("a\0b", 3); }, invalid_argument,
       "principal"},
      {"principal with a line feed", [](NewSession& s) { s.principal = "a\nb"; }, invalid_argument, "principal"},
      {"principal of invalid UTF-8", [](NewSession& s) { s.principal = "a\xff"; }, invalid_argument, "principal"},
      {"principal with spaces", [](NewSession& s) { s.principal = "Zoë of 北京"; }, ok, ""},

      {"role of 128 bytes", [](NewSession& s) { s.roles = {std::string(128, 'r')}; }, ok, ""},
      {"role of 129 bytes", [](NewSession& s) { s.roles = {std::string(129, 'r')}; }, too_large, "roles"},
      {"empty role",
       [](NewSession& s) {
         s.roles = {"admin", ""};
       },
       invalid_argument, "roles"},
      {"role with a space", [](NewSession& s) { s.roles = {"admin user"}; }, invalid_argument, "roles"},
      {"role with a tab", [](NewSession& s) { s.roles = {"admin\t"}; }, invalid_argument, "roles"},
      {"role outside ASCII", [](NewSession& s) { s.roles = {"größe"}; }, ok, ""},
      {"256 roles", [](NewSession& s) { s.roles.assign(256, "r"); }, ok, ""},
      {"257 roles", [](NewSession& s) { s.roles.assign(257, "r"); }, too_large, "roles"},
      {"empty scope", [](NewSession& s) { s.scopes = {""}; }, invalid_argument, "scopes"},
      {"scope with a space", [](NewSession& s) { s.scopes = {"read write"}; }, invalid_argument, "scopes"},
      {"scope of invalid UTF-8", [](NewSession& s) { s.scopes = {"\xc3"}; }, invalid_argument, "scopes"},
      {"257 scopes", [](NewSession& s) { s.scopes.assign(257, "s"); }, too_large, "scopes"},

      {"attribute without a name",
       [](NewSession& s) {
         s.attributes = {{"", "1"}};
       },
       invalid_argument, "name"},
      {"attribute name of 64 bytes",
       [](NewSession& s) {
         s.attributes = {{std::string(64, 'n'), "1"}};
       },
       ok, ""},
      {"attribute name of 65 bytes",
       [](NewSession& s) {
         s.attributes = {{std::string(65, 'n'), "1"}};
       },
       too_large, "name"},
      {"attribute name with a control character",
       [](NewSession& s) {
         s.attributes = {{"a\x1b", "1"}};
       },
       invalid_argument, "name"},
      {"attribute name of invalid UTF-8",
       [](NewSession& s) {
         s.attributes = {{"\x80", "1"}};
       },
       invalid_argument, "name"},
      {"attribute that is not JSON",
       [](NewSession& s) {
         s.attributes = {{"cart", "{"}};
       },
       invalid_argument, "\"cart\""},
      {"attribute without a value",
       [](NewSession& s) {
         s.attributes = {{"cart", ""}};
       },
       invalid_argument, "\"cart\""},
      {"attribute of 64 KiB",
       [](NewSession& s) {
         s.attributes = {{"cart", json_string(65536)}};
       },
       ok, ""},
      {"attribute of 64 KiB and a byte",
       [](NewSession& s) {
         s.attributes = {{"cart", json_string(65537)}};
       },
       too_large, "\"cart\""},
      {"one attribute twice",
       [](NewSession& s) {
         s.attributes = {{"b", "1"}, {"a", "1"}, {"b", "2"}};
       },
       invalid_argument, "\"b\""},
      {"256 attributes", [](NewSession& s) { s.attributes = numbered_attributes(256, 2); }, ok, ""},
      {"257 attributes", [](NewSession& s) { s.attributes = numbered_attributes(257, 2); }, too_large, "attributes"},
      {"256 KiB in all", [](NewSession& s) { s.attributes = numbered_attributes(256, 1020); }, too_large, "256 KiB"},

      {"no device", [](NewSession& s) { s.device = {}; }, ok, ""},

      {"level -1", [](NewSession& s) { s.level = -1; }, invalid_argument, "level"},
      {"level 0", [](NewSession& s) { s.level = 0; }, ok, ""},
      {"level 3", [](NewSession& s) { s.level = 3; }, ok, ""},
      {"level 4", [](NewSession& s) { s.level = 4; }, invalid_argument, "level"},

      {"no idle timeout", [](NewSession& s) { s.idle_timeout = seconds{0}; }, ok, ""},
      {"idle timeout of 1 s", [](NewSession& s) { s.idle_timeout = seconds{1}; }, ok, ""},
      {"idle timeout of -1 s", [](NewSession& s) { s.idle_timeout = seconds{-1}; }, invalid_argument, "idle_timeout"},
      {"idle timeout of 400 days", [](NewSession& s) { s.idle_timeout = std::chrono::days{400}; }, ok, ""},
      {"idle timeout of 400 days and 1 s", [](NewSession& s) { s.idle_timeout = std::chrono::days{400} + seconds{1}; },
       invalid_argument, "idle_timeout"},
      {"idle as long as absolute", [](NewSession& s) { s.idle_timeout = s.absolute_timeout = seconds{60}; }, ok, ""},
      {"idle longer than absolute",
       [](NewSession& s) {
         s.idle_timeout = seconds{61};
         s.absolute_timeout = seconds{60};
       },
       invalid_argument, "idle_timeout"},
      {"absolute timeout of 0", [](NewSession& s) { s.absolute_timeout = seconds{0}; }, invalid_argument,
       "absolute_timeout"},
      {"absolute timeout of 1 s", [](NewSession& s) { s.absolute_timeout = seconds{1}; }, ok, ""},
      {"absolute timeout of 400 days", [](NewSession& s) { s.absolute_timeout = std::chrono::days{400}; }, ok, ""},
      {"absolute timeout of 400 days and 1 s",
       [](NewSession& s) { s.absolute_timeout = std::chrono::days{400} + seconds{1}; }, invalid_argument,
       "absolute_timeout"},
      {"longest absolute timeout there is", [](NewSession& s) { s.absolute_timeout = seconds::max(); },
       invalid_argument, "absolute_timeout"},
  };
  return cases;
}

TEST(NewSessions, AreAcceptedExactlyWithinTheirRules) {
  for (const SessionCase& test : session_cases()) {
    NewSession session = usual_session();
    test.change(session);
    const auto result = validate(session);
    EXPECT_EQ(code_of(result), test.code) << test.what;
    if (result) continue;
    EXPECT_NE(result.error().message.find(test.field), std::string::npos) << result.error().message;
  }
}

TEST(NewSessions, ThatAreAcceptedFitIntoARecord) {
  NewSession session = usual_session();
  session.attributes = numbered_attributes(256, 1000);
  std::size_t bytes_of_last = 1000;
  for (const std::size_t step : {1000U, 100U, 10U, 1U}) {
    while (validate(session)) session.attributes.back().json = json_string(bytes_of_last += step);
    session.attributes.back().json = json_string(bytes_of_last -= step);
  }

  const SessionId id = Token::generate(7, {}).value().id();
  RecordFields fields;
  fields.guard = id.guard();
  fields.generation = fields.created_at = fields.expires_at = fields.idle_seconds = fields.authenticated_at = 1LL << 53;
  fields.principal = session.principal;
  fields.roles.assign(session.roles.begin(), session.roles.end());
  fields.scopes.assign(session.scopes.begin(), session.scopes.end());
  fields.device_address = session.device.address;
  fields.device_user_agent = session.device.user_agent;
  for (const Attribute& attribute : session.attributes) fields.attributes.emplace_back(attribute.name, attribute.json);
  const std::string bytes = encode_record(fields);
  EXPECT_GT(bytes.size(), max_record_bytes - 200) << "little room is given away";
  EXPECT_TRUE(decode_record(bytes, id));
}

TEST(Messages, HoldNoValueAndNoControlCharacter) {
  for (const SessionCase& test : session_cases()) {
    NewSession session = usual_session();
    test.change(session);
    const auto result = validate(session);
    if (result) continue;
    for (const char c : result.error().message) EXPECT_GE(c, ' ') << test.what;
    EXPECT_LT(result.error().message.size(), 160U) << test.what;
  }
  NewSession session = usual_session();
  session.attributes = {{"card", "4111-1111"}};
  EXPECT_EQ(validate(session).error().message.find("4111"), std::string::npos);
}

TEST(Principals, MayBeEmptyOnlyWhereThatMeansAnonymous) {
  EXPECT_TRUE(validate_principal("", true));
  EXPECT_EQ(code_of(validate_principal("", false)), ErrorCode::invalid_argument);
  EXPECT_TRUE(validate_principal("alice", false));
}

TEST(Patches, AreAcceptedExactlyWithinTheirRules) {
  using Kind = Patch::Kind;
  const std::string large(65537, '1');
  const auto code = [](Patch::Op op) {
    Patch patch;
    patch.ops = {std::move(op)};
    return code_of(validate(patch));
  };
  for (const Kind kind : {Kind::set, Kind::add}) {
    EXPECT_EQ(code({kind, "a", "1"}), ok);
    EXPECT_EQ(code({kind, "a", ""}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({kind, "a", "nope"}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({kind, "a", large}), ErrorCode::too_large);
  }
  for (const Kind kind : {Kind::set, Kind::add, Kind::remove, Kind::increment}) {
    EXPECT_EQ(code({kind, "", "1"}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({kind, "a\n", "1"}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({kind, std::string(65, 'n'), "1"}), ErrorCode::too_large);
  }
  EXPECT_EQ(code({Kind::remove, "a", ""}), ok);
  EXPECT_EQ(code({Kind::increment, "a", "", 1LL << 53}), ok);
  EXPECT_EQ(code({Kind::increment, "a", "", -(1LL << 53)}), ok);
  EXPECT_EQ(code({Kind::increment, "a", "", (1LL << 53) + 1}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({Kind::increment, "a", "", -(1LL << 53) - 1}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({Kind::increment, "a", "", INT64_MIN}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({static_cast<Kind>(9), "a", "1"}), ErrorCode::invalid_argument);
}

TEST(Patches, AreBoundedAsAWhole) {
  Patch patch;
  patch.ops.assign(max_patch_ops, {Patch::Kind::remove, "a", ""});
  EXPECT_TRUE(validate(patch));
  patch.ops.push_back(patch.ops.front());
  EXPECT_EQ(code_of(validate(patch)), ErrorCode::too_large);

  patch.ops.assign(4, {Patch::Kind::set, "a", json_string(65536)});
  EXPECT_EQ(code_of(validate(patch)), ErrorCode::too_large);
  patch.ops.pop_back();
  EXPECT_TRUE(validate(patch));
}

TEST(Patches, ReplaceRolesAndScopesUnderTheSameRulesAsNewSessions) {
  Patch patch;
  patch.roles.emplace();
  patch.scopes.emplace();
  patch.device.emplace();
  EXPECT_TRUE(validate(patch));
  patch.roles = {"a b"};
  EXPECT_EQ(code_of(validate(patch)), ErrorCode::invalid_argument);
  patch.roles.reset();
  patch.scopes = {std::string(129, 's')};
  EXPECT_EQ(code_of(validate(patch)), ErrorCode::too_large);
}

TEST(Devices, MayCallThemselvesAnythingAndAreStoredAsPlainText) {
  const std::string euros = "\xE2\x82\xAC";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)"},
      {"curl\r\n8", "curl??8"},
      {"caf\xE9", "caf?"},
      {"caf\xC3\xA9", "caf\xC3\xA9"},
      {"a\xC2\x85z", "a?z"},
      {std::string("a\0b", 3), "a?b"},
      {std::string(513, 'u'), std::string(512, 'u')},
      {std::string(511, 'u') + euros, std::string(511, 'u')},
      {"\xE2\x82", "??"},
  };
  for (const auto& [said, stored] : cases) {
    Device device{said, said};
    make_storable(device);
    EXPECT_EQ(device, (Device{stored, stored}));
  }
}

TEST(Rotations, GiveAGraceOfAtMost30Seconds) {
  EXPECT_TRUE(validate(RotateOptions{seconds{0}}));
  EXPECT_TRUE(validate(RotateOptions{seconds{30}}));
  EXPECT_EQ(code_of(validate(RotateOptions{seconds{31}})), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(validate(RotateOptions{seconds{-1}})), ErrorCode::invalid_argument);
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonTexts, AreAccepted) {
  for (const char* text :
       {"null", "true", "false", "0", "-0", "1.5e-3", "9007199254740993", "\"\"", "\"\\u0000\"", "\"\\ud83c\\udca1\"",
        "\"北京\"", "[]", "{}", " [1, 2]\n", "{\"a\":{\"b\":[null]}}", "{\"a\":1,\"a\":2}", "1e308", "1e-999"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
}

TEST(JsonTexts, ThatALanguageWouldReadDifferentlyAreRefused) {
  using namespace std::string_literals;
  for (const std::string& text : {""s,
                                  " "s,
                                  "nul"s,
                                  "True"s,
                                  "NaN"s,
                                  "Infinity"s,
                                  "undefined"s,
                                  "01"s,
                                  "+1"s,
                                  "1."s,
                                  ".5"s,
                                  "0x10"s,
                                  "1e"s,
                                  "1e999"s,
                                  "'a'"s,
                                  "\"a"s,
                                  "\"\t\""s,
                                  "\"\\x41\""s,
                                  "\"\\ud800\""s,
                                  "\"\\udca1\""s,
                                  "\"\\ud800\\u0041\""s,
                                  "[1,]"s,
                                  "[,1]"s,
                                  "[1 2]"s,
                                  "[1"s,
                                  "1]"s,
                                  "{\"a\"}"s,
                                  "{\"a\":}"s,
                                  "{a:1}"s,
                                  "{\"a\":1,}"s,
                                  "{1:1}"s,
                                  "1 2"s,
                                  "// c\n1"s,
                                  "/**/1"s,
                                  "\xef\xbb\xbf"
                                  "1"s,
                                  "1\0"s,
                                  "1\0garbage"s,
                                  "\0"s,
                                  "\"\0\""s,
                                  "\"\xff\""s,
                                  "\"\xc0\xaf\""s,
                                  "\"\xed\xa0\x80\""s,
                                  "\xff"s,
                                  "\xa0"
                                  "1"s,
                                  "\x0b"
                                  "1"s}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
}

TEST(JsonTexts, MayBeNested64DeepAndNoDeeper) {
  EXPECT_TRUE(is_json(nested(64)));
  EXPECT_FALSE(is_json(nested(65)));
  std::string objects;
  for (int i = 0; i < 64; ++i) objects += "{\"a\":";
  EXPECT_TRUE(is_json(objects + "1" + std::string(64, '}')));
  EXPECT_FALSE(is_json("[" + objects + "1" + std::string(64, '}') + "]"));
  EXPECT_TRUE(is_json("[" + nested(63) + "," + nested(63) + "]")) << "depth, not the number of arrays";
  EXPECT_FALSE(is_json(nested(10'000'000)));
  EXPECT_FALSE(is_json(std::string(10'000'000, '[')));
}

}  // namespace
}  // namespace ficha
