// store.json: what each operation on a store answers, alike in every language (tests/conformance/README.md).
#include <map>

#include "core/store/store_suite.hpp"
#include "core/unit/vectors.hpp"

namespace ficha::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

const json& vectors() {
  static const json document = load_vectors("store.json");
  return document;
}

const json& start_seconds() {
  return vectors()["start"]["unix_seconds"];
}

std::string repeated(const json& part_and_times) {
  std::string text;
  for (int i = 0; i < part_and_times[1].get<int>(); ++i) text += part_and_times[0].get<std::string>();
  return text;
}

bool is_same_json(const std::string& one, const std::string& other) {
  return one == other || json::parse(one) == json::parse(other);
}

const json& member(const json& object, const char* key) {
  static const json none = json::object();
  return object.contains(key) ? object[key] : none;
}

std::string toml_of(const json& session) {
  std::string toml = "[session]\n";
  for (const auto& [name, value] : session.items()) toml += name + " = " + value.dump() + "\n";
  return toml;
}

// One case on a client of its own.
class StoreCase {
 public:
  StoreCase(Client& client, ManualClock* clock) : client_(client), clock_(clock) {}

  // How many expectations were compared.
  std::size_t operator()(const json& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i + 1) + ", " + steps[i]["do"].get<std::string>());
      compare(steps[i], perform(steps[i]));
      if (::testing::Test::HasFatalFailure()) break;
    }
    return checks_;
  }

 private:
  using Attributes = std::map<std::string, std::string>;

  // --- what is given ---

  std::string json_text(const json& value) const {
    if (value.is_object() && value.size() == 1) {
      const auto tagged = value.begin();
      if (tagged.key() == "$integer") return tagged.value();
      if (tagged.key() == "$text") return json(repeated(tagged.value())).dump();
      if (tagged.key() == "$token") return json("x=" + std::string(issued(tagged.value()).token.reveal())).dump();
      if (tagged.key() == "$nested") {
        const auto depth = tagged.value().get<std::size_t>();
        return std::string(depth, '[') + std::string(depth, ']');
      }
    }
    if (!value.is_structured()) return value.dump();
    std::string text;
    for (const auto& [name, part] : value.items()) {
      text += (text.empty() ? "" : ",") + (value.is_object() ? json(name).dump() + ":" : "") + json_text(part);
    }
    return value.is_object() ? "{" + text + "}" : "[" + text + "]";
  }

  Attributes texts(const json& attributes) const {
    Attributes texts;
    for (const auto& [name, value] : attributes.items()) {
      if (name != "$each") {
        texts[name] = json_text(value);
        continue;
      }
      for (int i = 0; i < value[0].get<int>(); ++i) {
        texts[value[1].get<std::string>() + std::to_string(i)] = json_text(value[2]);
      }
    }
    return texts;
  }

  std::vector<Attribute> attributes(const json& step, const char* key) const {
    std::vector<Attribute> given;
    for (const auto& [name, text] : texts(member(step, key))) given.push_back({name, text});
    return given;
  }

  static std::optional<seconds> duration(const json& step, const char* key) {
    return step.contains(key) ? std::optional{seconds{step[key].get<std::int64_t>()}} : std::nullopt;
  }

  static Device device(const json& pair) { return {pair[0], pair[1]}; }

  NewSession new_session(const json& step) const {
    const std::vector<std::string> none;
    return {.principal = step["principal"],
            .roles = step.value("roles", none),
            .scopes = step.value("scopes", none),
            .attributes = attributes(step, "attributes"),
            .device = device(step.value("device", json{"", ""})),
            .level = step.value("level", 0),
            .authenticated = step.value("authenticated", true),
            .idle_timeout = duration(step, "idle_timeout"),
            .absolute_timeout = duration(step, "absolute_timeout"),
            .protected_attributes = attributes(step, "protected")};
  }

  // In the order in which the languages that take named changes apply them.
  std::vector<Patch::Op> ops(const json& changes) const {
    std::vector<Patch::Op> ops;
    for (const auto& [name, text] : texts(member(changes, "set"))) ops.push_back(set(name, text));
    for (const auto& [name, text] : texts(member(changes, "add"))) ops.push_back(add(name, text));
    for (const auto& name : member(changes, "remove")) ops.push_back(remove(name));
    for (const auto& [name, by] : member(changes, "increment").items()) ops.push_back(increment(name, by));
    for (const auto& [bag, entries] : member(changes, "put").items()) {
      for (const auto& [key, text] : texts(entries)) ops.push_back(put(bag, key, text));
    }
    for (const auto& [bag, keys] : member(changes, "take").items()) {
      for (const auto& key : keys) ops.push_back(take(bag, key));
    }
    return ops;
  }

  Patch patch(const json& step) const {
    Patch patch{.ops = ops(step), .protected_ops = ops(member(step, "protected"))};
    if (step.contains("roles")) patch.roles = step["roles"].get<std::vector<std::string>>();
    if (step.contains("scopes")) patch.scopes = step["scopes"].get<std::vector<std::string>>();
    if (step.contains("device")) patch.device = device(step["device"]);
    if (step.contains("expected_generation")) patch.expected_generation = step["expected_generation"];
    patch.idle_timeout = duration(step, "idle_timeout");
    patch.absolute_timeout = duration(step, "absolute_timeout");
    return patch;
  }

  const IssuedSession& issued(const json& name) const { return issued_.at(name.get<std::string>()); }
  SessionId id(const json& name) const { return issued(name).session.id(); }

  // --- what is done: its answer, and the session that it showed ---

  Result<json> perform(const json& step) {
    shown_.reset();
    const std::string what = step["do"];
    if (what == "create") return issue(step, client_.create(new_session(step)));
    if (what == "login") return issue(step, client_.login(login(step)));
    if (what == "rotate") {
      return issue(step, client_.rotate(id(step["session"]), {.grace = seconds{step.value("grace", 0)}}));
    }
    if (what == "load") return show(load(step));
    if (what == "find") return show(client_.find(id(step["session"])));
    if (what == "patch") return answer(client_.patch(id(step["session"]), patch(step)));
    if (what == "revoke")
      return revoke(step.contains("id") ? *SessionId::parse(step["id"].get<std::string>()) : id(step["session"]));
    if (what == "revoke_principal") {
      const auto keep = step.contains("keep") ? std::optional{id(step["keep"])} : std::nullopt;
      return answer(client_.revoke_principal(step["principal"].get<std::string>(), keep));
    }
    if (what == "patch_principal")
      return answer(client_.patch_principal(step["principal"].get<std::string>(), patch(step)));
    if (what == "list" || what == "show") return list(step);
    if (what == "live") return live(step["expect"]);
    clock_->advance(1000 * step.at("seconds").get<std::int64_t>());
    return json{};
  }

  template <class T>
  static Result<json> answer(Result<T> result) {
    if (!result) return std::move(result).error();
    return json(*result);
  }

  Result<json> issue(const json& step, Result<IssuedSession> result) {
    if (!result) return std::move(result).error();
    shown_ = result->session;
    EXPECT_EQ(result->token.id(), result->session.id());
    issued_.insert_or_assign(step.value("as", ""), std::move(*result));
    return json{};
  }

  Result<json> show(Result<std::optional<Session>> result) {
    if (!result) return std::move(result).error();
    shown_ = std::move(*result);
    return json{};
  }

  Login login(const json& step) const {
    Login login{.session = new_session(step), .keep_attributes = step.value("keep_attributes", true)};
    if (step.contains("current")) login.current = id(step["current"]);
    return login;
  }

  Result<std::optional<Session>> load(const json& step) {
    const LoadOptions options{.touch = step.value("touch", true), .fresh = step.value("fresh", false)};
    if (step.contains("text")) return client_.load(step["text"].get<std::string>(), options);
    return client_.load(issued(step["token"]).token.reveal(), options);
  }

  Result<json> revoke(const SessionId& id) {
    const auto outcome = client_.revoke(id);
    if (!outcome) return outcome.error();
    return json(*outcome == RevokeOutcome::revoked);
  }

  Result<json> list(const json& step) {
    auto sessions = client_.list(step["principal"].get<std::string>());
    if (!sessions) return std::move(sessions).error();
    if (step["do"] == "show") {
      shown_ = sessions->at(step["index"]);
      return json{};
    }
    json names = json::array();
    for (const Session& session : *sessions) {
      for (const auto& [name, known] : issued_) {
        if (known.session.id() == session.id()) names.push_back(name);
      }
    }
    return names;
  }

  Result<json> live(const json& expected) {
    json found = json::object();
    for (const auto& [name, unused] : expected.items()) {
      auto loaded = client_.load(issued(name).token.reveal(), {.touch = false, .fresh = true});
      if (!loaded) return std::move(loaded).error();
      found[name] = loaded->has_value();
    }
    return found;
  }

  // --- what is expected ---

  void compare(const json& step, const Result<json>& answer) {
    if (step.contains("error")) return compare_error(step, answer);
    ASSERT_THAT(answer, IsOk());
    if (!step.contains("expect")) return;
    const json& expected = step["expect"];
    if (expected.is_null()) {
      ++checks_;
      EXPECT_FALSE(shown_);
    } else if (expected.is_object() && step["do"] != "live") {
      ASSERT_TRUE(shown_) << "no session";
      for (const auto& [field, value] : expected.items()) compare_field(*shown_, field, value);
    } else {
      checks_ += expected.is_object() ? expected.size() : 1;
      EXPECT_EQ(*answer, expected);
    }
  }

  void compare_error(const json& step, const Result<json>& answer) {
    ASSERT_FALSE(answer.has_value()) << "instead of " << step["error"];
    ++checks_;
    EXPECT_EQ(name(answer.error().code), step["error"].get<std::string>());
    if (step.contains("names")) {
      ++checks_;
      EXPECT_THAT(answer.error().message, ::testing::HasSubstr(step["names"].get<std::string>()));
    }
    if (step.contains("lacks")) {
      ++checks_;
      EXPECT_THAT(answer.error().message, ::testing::Not(::testing::HasSubstr(step["lacks"].get<std::string>())));
    }
  }

  void compare_field(const Session& session, const std::string& field, const json& expected) {
    ++checks_;
    if (field == "attributes") {
      Attributes found;
      for (std::size_t i = 0; i < session.attribute_count(); ++i) {
        found.emplace(session.attribute_name(i), session.attribute_json(i));
      }
      compare_attributes(field, found, texts(expected));
    } else if (field == "protected") {
      Attributes found;
      for (std::size_t i = 0; i < session.protected_count(); ++i) {
        found.emplace(session.protected_name(i), session.protected_json(i));
      }
      compare_attributes(field, found, texts(expected));
    } else if (field == "same_as") {
      EXPECT_EQ(session.id(), id(expected));
    } else {
      const json fields = plain_fields(session);
      ASSERT_TRUE(fields.contains(field)) << field << " is no field that this runner knows";
      EXPECT_EQ(fields[field], expected) << field;
    }
  }

  static void compare_attributes(const std::string& field, const Attributes& found, const Attributes& expected) {
    EXPECT_EQ(found.size(), expected.size()) << field;
    for (const auto& [name, text] : expected) {
      ASSERT_TRUE(found.contains(name)) << field << ": " << name;
      EXPECT_TRUE(is_same_json(found.at(name), text)) << field << ": " << name;
    }
  }

  static json plain_fields(const Session& session) {
    const auto since_start = [](std::int64_t time) { return time - start_seconds().get<std::int64_t>(); };
    return {{"principal", session.principal()},
            {"anonymous", session.anonymous()},
            {"authenticated", session.authenticated_at() != 0},
            {"roles", roles(session)},
            {"scopes", scopes(session)},
            {"device", {session.device_address(), session.device_user_agent()}},
            {"level", session.level()},
            {"generation", session.generation()},
            {"idle_seconds", session.idle_seconds()},
            {"lifetime", session.expires_at() - session.created_at()},
            {"created_at", since_start(session.created_at())},
            {"authenticated_at", since_start(session.authenticated_at())},
            {"expires_at", since_start(session.expires_at())},
            {"idle_deadline", since_start(session.idle_deadline())}};
  }

  Client& client_;
  ManualClock* clock_;
  std::map<std::string, IssuedSession> issued_;
  std::optional<Session> shown_;
  std::size_t checks_ = 0;
};

class StoreVectorsTest : public StoreTest {
 protected:
  Config config_of(const json& test, int number) const {
    Config given = config();
    given.session = parse_config(toml_of(test["session"]), "store.json").value().session;
    given.redis.name_space = "v" + std::to_string(number);
    return given;
  }
};
FICHA_FOR_EVERY_STORE(StoreVectorsTest);

TEST_P(StoreVectorsTest, EveryOperationAnswersAsInAllLanguages) {
  int number = 0;
  std::size_t checks = 0;
  for (const auto& test : vectors()["cases"]) {
    SCOPED_TRACE(test["name"]);
    Client client = open(config_of(test, ++number));
    checks += StoreCase{client, nullptr}(test["steps"]);
  }
  EXPECT_EQ(number, vectors()["counts"]["cases"]);
  EXPECT_EQ(checks, vectors()["counts"]["cases_checks"]);
}

TEST(StoreVectors, SessionsLiveAsLongAsInAllLanguages) {
  int number = 0;
  std::size_t checks = 0;
  for (const auto& test : vectors()["timed"]) {
    SCOPED_TRACE(test["name"]);
    ManualClock clock{1000 * start_seconds().get<std::int64_t>()};
    Config config;
    config.redis.url = Secret{"memory://"};
    config.session = parse_config(toml_of(test["session"]), "store.json").value().session;
    Client client = Client::open(std::move(config), {.clock = &clock}).value();
    checks += StoreCase{client, &clock}(test["steps"]);
    ++number;
  }
  EXPECT_EQ(number, vectors()["counts"]["timed"]);
  EXPECT_EQ(checks, vectors()["counts"]["timed_checks"]);
}

}  // namespace
}  // namespace ficha::testing
