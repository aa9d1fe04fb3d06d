// Every allocation may fail. What is asked then gives an error or what is true; nobody passes who may not; and what comes
// after works.
#include "core/store/store_suite.hpp"
#include "support/allocations.hpp"
#include "support/eventually.hpp"

namespace ficha::testing {
namespace {

using std::chrono::seconds;

class OutOfMemoryTest : public StoreTest {
 protected:
  // The first allocation of `attempt` fails, then the second, and so on, until none fails any more. `check` judges what it
  // gave, with memory enough.
  template <class Attempt, class Check>
  void fail_each_allocation(Attempt attempt, Check check) {
    for (std::size_t nth = 1;; ++nth) {
      SCOPED_TRACE("allocation " + std::to_string(nth));
      fail_allocation(nth);
      const auto outcome = attempt();
      const bool failed = stop_failing();
      check(outcome, failed);
      ASSERT_TRUE(works_again());
      if (!failed) return;
      ASSERT_LT(nth, 10'000U) << "there is no end";
    }
  }
  // A connection that broke for want of memory is back within a second.
  bool works_again() {
    return eventually([&] { return client().load(other.token.reveal(), {.fresh = true}).has_value(); }, seconds{1});
  }
  // Read past the failure of a connection.
  bool is_live(const Token& token) {
    std::optional<bool> live;
    static_cast<void>(eventually([&] {
      const auto loaded = client().load(token.reveal(), {.touch = false, .fresh = true});
      if (loaded) live = loaded->has_value();
      return live.has_value();
    }));
    return live.value_or(false);
  }
  Client open_guarding() {
    Config guarding = config();
    guarding.policy.rules = {{.path = "/**"}};
    return open(guarding);
  }
  static Decision authorize(Client& client, const std::string& cookie) {
    const HeaderField fields[] = {{"Cookie", cookie}};
    return client.authorize({.method = "GET", .path = "/me", .headers = fields});
  }
  static std::string cookie_of(const Token& token) { return "__Host-ficha=" + std::string(token.reveal()); }

  IssuedSession issued = issue({.principal = "alice", .roles = {"customer"}, .attributes = {{"cart", "[1]"}}});
  IssuedSession other = issue_for("bob");
  SessionId id = issued.session.id();
};
FICHA_FOR_EVERY_STORE(OutOfMemoryTest);

TEST_P(OutOfMemoryTest, ALiveSessionIsNeverTakenForNone) {
  fail_each_allocation([&] { return client().load(issued.token.reveal(), {.fresh = true}); },
                       [&](const auto& loaded, bool failed) {
                         if (loaded) {
                           EXPECT_TRUE(loaded->has_value());
                         }
                         if (!loaded) {
                           EXPECT_TRUE(failed) << loaded.error().message;
                         }
                       });
}

TEST_P(OutOfMemoryTest, ALiveSessionPassesOrItIsUnavailable) {
  Client guard = open_guarding();
  const IssuedSession guarded = issue(guard, {.principal = "dave"});
  const std::string cookie = cookie_of(guarded.token);
  fail_each_allocation([&] { return authorize(guard, cookie); },
                       [&](const Decision& decision, bool failed) {
                         if (!decision.allowed()) {
                           EXPECT_TRUE(failed && decision.status == 503) << decision.status;
                         }
                       });
}

TEST_P(OutOfMemoryTest, ARevokedSessionNeverPasses) {
  Client guard = open_guarding();
  const IssuedSession revoked = issue(guard, {.principal = "dave"});
  ASSERT_THAT(guard.revoke(revoked.session.id()), IsOk());
  const std::string cookie = cookie_of(revoked.token);
  fail_each_allocation([&] { return authorize(guard, cookie); },
                       [&](const Decision& decision, bool failed) {
                         EXPECT_FALSE(decision.allowed());
                         EXPECT_TRUE(decision.status == 401 || (failed && decision.status == 503)) << decision.status;
                       });
}

TEST_P(OutOfMemoryTest, ACreationGivesASessionOrAnError) {
  const NewSession wanted{.principal = "carol", .attributes = {{"a", "1"}}};
  fail_each_allocation([&] { return client().create(wanted); },
                       [&](const auto& created, bool failed) {
                         if (created) {
                           EXPECT_TRUE(is_live(created->token));
                         }
                         if (!created) {
                           EXPECT_TRUE(failed) << created.error().message;
                         }
                         ASSERT_THAT(client().list("carol"), IsOk()) << "the index is whole";
                       });
}

TEST_P(OutOfMemoryTest, APatchIsAppliedWholeOrNotAtAll) {
  const auto both = [](const std::string& value) { return Patch{.ops = {set("left", value), set("right", value)}}; };
  int round = 1;
  Patch patch = both("1");
  fail_each_allocation([&] { return client().patch(id, patch); },
                       [&](const auto& patched, bool failed) {
                         if (!patched) {
                           EXPECT_TRUE(failed) << patched.error().message;
                         }
                         ASSERT_TRUE(is_live(issued.token));
                         const auto session = load(issued.token);
                         EXPECT_EQ(attribute(session, "left"), attribute(session, "right"));
                         if (patched) {
                           EXPECT_EQ(attribute(session, "left"), std::to_string(round));
                         }
                         patch = both(std::to_string(++round));
                       });
}

TEST_P(OutOfMemoryTest, ARotationLosesNoSessionUnlessItsOutcomeIsUnknown) {
  std::optional<Token> newest = issued.token;
  fail_each_allocation([&] { return client().rotate(newest->id()); },
                       [&](const auto& rotated, bool failed) {
                         if (rotated) {
                           EXPECT_FALSE(is_live(*newest));
                           newest = rotated->token;
                         } else {
                           EXPECT_TRUE(failed) << rotated.error().message;
                         }
                         if (!is_live(*newest)) {
                           EXPECT_FALSE(in_memory());
                           newest = issue_for("alice").token;
                         }
                       });
}

TEST_P(OutOfMemoryTest, WhatIsSaidToBeRevokedIs) {
  fail_each_allocation([&] { return client().revoke(id); },
                       [&](const auto& revoked, bool failed) {
                         if (revoked) {
                           EXPECT_FALSE(is_live(issued.token));
                         }
                         if (!revoked) {
                           EXPECT_TRUE(failed) << revoked.error().message;
                         }
                         if (is_live(issued.token)) return;
                         issued = issue_for("alice");
                         id = issued.session.id();
                       });
}

TEST_P(OutOfMemoryTest, AListIsCompleteOrAnError) {
  issue_for("alice");
  fail_each_allocation([&] { return client().list("alice"); },
                       [&](const auto& listed, bool failed) {
                         if (listed) {
                           EXPECT_EQ(listed->size(), 2U);
                         }
                         if (!listed) {
                           EXPECT_TRUE(failed) << listed.error().message;
                         }
                       });
}

TEST_P(OutOfMemoryTest, AllSessionsOfAPrincipalAreRevokedOrItIsAnError) {
  fail_each_allocation([&] { return client().revoke_principal("alice"); },
                       [&](const auto& revoked, bool failed) {
                         if (revoked) {
                           EXPECT_FALSE(is_live(issued.token));
                         }
                         if (!revoked) {
                           EXPECT_TRUE(failed) << revoked.error().message;
                         }
                         if (!is_live(issued.token)) issued = issue_for("alice");
                       });
}

}  // namespace
}  // namespace ficha::testing
