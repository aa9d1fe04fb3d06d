#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ficha/interceptor.hpp"

namespace ficha {
namespace {

class RoutesOfAService : public ::testing::Test {
 protected:
  // "GET /users: rule 0", or what is wrong.
  std::vector<std::string> check(const std::vector<Route>& routes) const {
    std::vector<std::string> lines;
    for (const RouteFinding& finding : interceptor_.check_routes(routes)) {
      std::string line;
      for (const std::string& method : finding.methods) line.append(method).append(" ");
      line.append(routes[finding.route].pattern).append(": ");
      line.append(finding.problem.empty() ? "rule " + std::to_string(finding.rule) : finding.problem);
      lines.push_back(line);
    }
    return lines;
  }
  using Lines = std::vector<std::string>;

  const Interceptor interceptor_ = *Interceptor::compile(*parse_config(R"(
[[rule]]
path = "/users/**"
[[rule]]
path = "/items"
methods = ["GET"]
allow = "anyone"
[[rule]]
path = "/items"
methods = ["POST"]
roles = ["staff"]
[[rule]]
path = "/files/private/**"
roles = ["staff"]
[[rule]]
path = "/files/**"
[[rule]]
path = "/public/**"
allow = "anyone"
)",
                                                                       "ficha.toml"));
};

TEST_F(RoutesOfAService, AreToldTheirRules) {
  EXPECT_EQ(
      check({{"users", {"GET", "POST"}, "/users/*"}, {"items", {"GET"}, "/items"}, {"items", {"POST"}, "/items"}}),
      (Lines{"GET POST /users/*: rule 0", "GET /items: rule 1", "POST /items: rule 2"}));
}

TEST_F(RoutesOfAService, AreToldTheLineOfTheFile) {
  const Route route{"users", {"GET"}, "/users"};
  EXPECT_EQ(interceptor_.check_routes({&route, 1}).front().line, 2);
}

TEST_F(RoutesOfAService, MayReachOneHandlerUnderOneRequirementOnly) {
  EXPECT_EQ(check({{"users", {"GET"}, "/users"}, {"users", {"GET"}, "/public/users"}}),
            (Lines{"GET /users: rule 0", "GET /public/users: rule 5",
                   "GET /public/users: the same handler is at /users, under other requirements"}));
  EXPECT_EQ(check({{"users", {"GET"}, "/users"}, {"users", {"GET"}, "/files/users"}}).size(), 2U)
      << "another rule that requires the same";
}

TEST_F(RoutesOfAService, MayBeUnderNoRule) {
  EXPECT_EQ(check({{"users", {"GET"}, "/users.json"}}), (Lines{"GET /users.json: no rule decides: always 403"}));
}

TEST_F(RoutesOfAService, MayHaveAMethodThatNoRuleLists) {
  EXPECT_EQ(check({{"items", {"DELETE"}, "/items"}}), (Lines{"DELETE /items: no rule lists the method: always 405"}));
  EXPECT_EQ(check({{"items", {"OPTIONS", "HEAD"}, "/items"}}), (Lines{"HEAD /items: rule 1"}));
  EXPECT_EQ(check({{"items", {"get"}, "/items"}}),
            (Lines{"get /items: is always refused: a method is written in upper case"}));
}

TEST_F(RoutesOfAService, MayBeUnderSeveralRulesWhereOneIsNarrower) {
  EXPECT_EQ(check({{"files", {"GET"}, "/files/**"}}), (Lines{"GET /files/**: rule 3", "GET /files/**: rule 4"}));
}

TEST_F(RoutesOfAService, AreTakenForAllUsualMethodsIfTheyNameNone) {
  EXPECT_EQ(check({{"users", {}, "/users"}}), (Lines{"GET POST PUT PATCH DELETE /users: rule 0"}));
}

TEST_F(RoutesOfAService, MayHaveAPatternThatIsNone) {
  const Lines lines = check({{"users", {"GET"}, "users"}});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "users: the pattern must begin with \"/\"");
}

}  // namespace
}  // namespace ficha
