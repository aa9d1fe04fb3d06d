#include <string>
#include <thread>
#include <vector>

#include "race_fixture.hpp"

namespace ficha::testing {
namespace {

// A visitor logs in while other requests of the same visitor write: each write that was acknowledged is in the new session.
TEST_F(RaceTest, NothingThatAVisitorsParallelRequestsWroteIsLostAtTheLogin) {
  constexpr int rounds = 60;
  constexpr int writers = 3;
  Client here = open();
  Client there = open();
  int written_during_logins = 0;
  for (int round = 0; round < rounds; ++round) {
    const IssuedSession visitor = issue(here, {.attributes = {{"cart", "[]"}}});
    std::vector<std::vector<std::string>> acknowledged(writers);
    std::vector<Result<std::uint64_t>> ends(writers, std::uint64_t{0});
    std::vector<std::thread> threads;
    for (std::size_t w = 0; w < writers; ++w) {
      threads.emplace_back([&, w] {
        for (int i = 0; i < 80; ++i) {
          const std::string name = "w" + std::to_string(w) + "_" + std::to_string(i);
          ends[w] = there.patch(visitor.session.id(), set(name, "true"));
          if (!ends[w]) return;
          acknowledged[w].push_back(name);
        }
      });
    }
    const auto issued =
        here.login({.session = {.principal = "alice-" + std::to_string(round)}, .current = visitor.session.id()});
    for (std::thread& thread : threads) thread.join();
    ASSERT_THAT(issued, IsOk());
    ASSERT_OK_AND_ASSIGN(const auto session, here.load(issued->token.reveal(), {.fresh = true}));
    ASSERT_TRUE(session);
    for (std::size_t w = 0; w < writers; ++w) {
      if (!ends[w]) {
        EXPECT_THAT(ends[w], FailsWith(ErrorCode::session_gone));
      }
      written_during_logins += static_cast<int>(acknowledged[w].size());
      for (const std::string& name : acknowledged[w]) {
        EXPECT_TRUE(session->attribute(name)) << name << " was acknowledged, and is lost";
      }
    }
    ASSERT_OK_AND_ASSIGN(const auto sessions, here.list(session->principal()));
    EXPECT_EQ(sessions.size(), 1U);
  }
  EXPECT_GT(written_during_logins, rounds) << "nothing was written meanwhile: this tests nothing";
}

}  // namespace
}  // namespace ficha::testing
