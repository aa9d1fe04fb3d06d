// A touch puts a session back into its principal's index; one that is being revoked must stay out.
#include <barrier>
#include <thread>

#include "core/races/race_fixture.hpp"
#include "store/redis/keys.hpp"
#include "support/eventually.hpp"
#include "support/rounds.hpp"

namespace ficha::testing {
namespace {

class TouchRaceTest : public RaceTest {};

TEST_F(TouchRaceTest, ATouchNeverListsASessionThatIsRevokedMeanwhile) {
  const std::string index = redis::index_key("ficha", route_of("alice"), "alice");
  Config without_cache = config();
  without_cache.near_cache.enabled = false;
  Client toucher = open(without_cache);
  Client revoker = open(without_cache);
  for (int round = 0; round < 300; ++round) {
    const IssuedSession issued = issue(revoker, {.principal = "alice"});
    server.command({"ZREM", index, std::string(issued.session.id().str())});
    server.command({"PEXPIRE", redis::session_key("ficha", issued.session.id()), "60000"});
    std::barrier both(2);
    std::thread other([&] {
      both.arrive_and_wait();
      EXPECT_THAT(revoker.revoke(issued.session.id()), IsOk());
    });
    both.arrive_and_wait();
    EXPECT_THAT(toucher.load(issued.token.reveal()), IsOk());
    other.join();
  }
  ASSERT_TRUE(eventually([&] { return toucher.stats().in_flight == 0; }));
  toucher.close();
  EXPECT_GT(toucher.stats().touches_effective, 0U) << "the race took place";
  EXPECT_EQ(server.command({"ZCARD", index}).integer, 0);
}

}  // namespace
}  // namespace ficha::testing
