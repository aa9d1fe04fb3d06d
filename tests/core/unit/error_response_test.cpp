#include "ficha/error_response.hpp"

#include <gmock/gmock.h>

namespace ficha::testing {
namespace {

using ::testing::IsEmpty;

std::string header(const ErrorResponse& response, std::string_view name) {
  for (const ResponseHeader& header : response.headers.view()) {
    if (header.name == name) return header.value;
  }
  return "(none)";
}

Decision denied(Verdict verdict, int status) {
  Decision decision;
  decision.verdict = verdict;
  decision.status = status;
  decision.add_header("Vary", "Cookie");
  return decision;
}

TEST(ErrorResponse, OfADecisionSaysItsStatusAndHeadersAndNoReason) {
  const ErrorResponse response = respond_to(denied(Verdict::unauthenticated, 401));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.code, "unauthenticated");
  EXPECT_EQ(header(response, "Vary"), "Cookie");
  EXPECT_EQ(response.body(), "{\"error\":\"unauthenticated\",\"message\":\"log in first\"}\n");
}

TEST(ErrorResponse, EachDenialHasItsWords) {
  for (int verdict = 1; verdict <= static_cast<int>(last_verdict); ++verdict) {
    const auto denial = static_cast<Verdict>(verdict);
    if (denial == Verdict::preflight) continue;
    EXPECT_FALSE(respond_to(denied(denial, 400)).message.empty()) << name(denial);
  }
}

TEST(ErrorResponse, OfAPreflightHasNoBody) {
  EXPECT_THAT(respond_to(denied(Verdict::preflight, 204)).body(), IsEmpty());
}

TEST(ErrorResponse, OfAnythingTheStoreCouldNotDoIsTheSame) {
  for (const ErrorCode code :
       {ErrorCode::unavailable, ErrorCode::timeout, ErrorCode::access_denied, ErrorCode::write_refused,
        ErrorCode::corrupt_record, ErrorCode::unknown_outcome, ErrorCode::overloaded, ErrorCode::incomplete}) {
    const ErrorResponse response = respond_to(code);
    EXPECT_EQ(response.status, 503) << name(code);
    EXPECT_EQ(response.code, "unavailable") << name(code);
    EXPECT_EQ(header(response, "Retry-After"), "1") << name(code);
  }
}

TEST(ErrorResponse, OfASessionThatHasEndedChallenges) {
  const ErrorResponse response = respond_to(ErrorCode::session_gone);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.code, "session_gone");
  EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer error=\"invalid_token\"");
}

TEST(ErrorResponse, OfTheApplicationsMistakesIsAServersError) {
  EXPECT_EQ(respond_to(ErrorCode::invalid_config).status, 500);
  EXPECT_EQ(respond_to(ErrorCode::closed).status, 500);
  EXPECT_EQ(respond_to(ErrorCode::session_limit).status, 429);
  EXPECT_EQ(respond_to(ErrorCode::conflict).status, 409);
}

TEST(ErrorResponse, OfWhatASessionCannotHoldIsTheErrorsOwnSentence) {
  const ErrorResponse response =
      respond_to(Error{ErrorCode::too_large, "attribute \"cart\": a value is at most 64 KiB"});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body(),
            "{\"error\":\"too_large\",\"message\":\"attribute \\\"cart\\\": a value is at most 64 KiB\"}\n");
  EXPECT_EQ(respond_to(Error{ErrorCode::invalid_argument, "level: 0 to 3"}).message, "level: 0 to 3");
}

TEST(ErrorResponse, OfEveryOtherErrorIsOneSentenceForAll) {
  for (const ErrorCode code : {ErrorCode::invalid_config, ErrorCode::unavailable, ErrorCode::corrupt_record,
                               ErrorCode::session_gone, ErrorCode::conflict, ErrorCode::attribute_exists,
                               ErrorCode::session_limit, ErrorCode::closed, static_cast<ErrorCode>(99)}) {
    const Error error{code, "alice at 10.0.0.7"};
    EXPECT_EQ(respond_to(error).body(), respond_to(code).body()) << name(code);
  }
}

TEST(ErrorResponse, OfASentenceThatIsNotForClientsIsTheUsualOne) {
  const std::string usual = respond_to(ErrorCode::invalid_argument).message;
  for (const std::string& sentence : {std::string{}, std::string(257, 'a'), std::string{"attribute \"\xff\""},
                                      std::string{"two\nlines"}, std::string{"attribute \"fch1_AAAA\""}}) {
    EXPECT_EQ(respond_to(Error{ErrorCode::invalid_argument, sentence}).message, usual);
  }
}

}  // namespace
}  // namespace ficha::testing
