#include "store/redis/node/link_opening.hpp"

#include <array>

#include "store/redis/socket/io_thread.hpp"

namespace ficha::redis {
namespace {

Error unavailable(std::string what) {
  return {ErrorCode::unavailable, std::move(what)};
}

const char* const late = "the server did not answer in time";

std::optional<Error> send_all(Transport& transport, std::string_view bytes, SteadyTime deadline, const Wakeup& wakeup) {
  while (!bytes.empty()) {
    const SocketOutcome outcome = transport.write(bytes);
    if (outcome.state == SocketOutcome::State::ended) return unavailable(error_text(outcome.error));
    bytes.remove_prefix(outcome.bytes);
    if (!bytes.empty() && wait_for(transport.descriptor(), POLLOUT, deadline, wakeup) != Wait::ready)
      return unavailable(late);
  }
  return std::nullopt;
}

// The next reply that is no push; null when more bytes are needed. Pushes are for a cache that is empty: this link's epoch
// has not begun.
Result<Reply> next_reply(ReplyReader& replies) {
  Reply reply;
  do reply = replies.next();
  while (is_push(reply));
  if (replies.failed()) return unavailable("protocol error: " + replies.error());
  return reply;
}

Result<std::vector<Reply>> read_replies(Transport& transport, ReplyReader& reader, const Handshake& handshake,
                                        SteadyTime deadline, const Wakeup& wakeup) {
  std::array<char, Transport::read_size> buffer;
  std::vector<Reply> replies;
  while (replies.size() < handshake.commands) {
    Result<Reply> reply = next_reply(reader);
    if (!reply) return reply.error();
    if (*reply) {
      replies.push_back(*std::move(reply));
      // An early refusal (too many clients, no permission) may be the last that is said.
      const bool refused = view(replies.back()).type() == ReplyView::Type::error;
      if (refused && !handshake.may_refuse(replies.size() - 1)) break;
      continue;
    }
    const SocketOutcome outcome = transport.read(buffer);
    if (outcome.state == SocketOutcome::State::ended) return unavailable(error_text(outcome.error));
    if (outcome.state == SocketOutcome::State::moved)
      reader.feed({buffer.data(), outcome.bytes});
    else if (wait_for(transport.descriptor(), POLLIN, deadline, wakeup) != Wait::ready)
      return unavailable(late);
  }
  return replies;
}

}  // namespace

Result<OpenLink> open_link(const ConnectionSettings& settings, Clock& clock, Resolver& resolver, const Wakeup& wakeup) {
  const SteadyTime deadline = std::chrono::steady_clock::now() + settings.connect_timeout;
  Result<Transport> transport = Transport::open(settings.endpoint, resolver, deadline, wakeup);
  if (!transport) return transport.error();
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the analyser loses sight of the member that owns it
  auto reader = std::make_unique<ReplyReader>(ReplyLimits{.string_bytes = settings.max_string_bytes});
  OpenLink link{*std::move(transport), std::move(reader)};

  const Handshake handshake = make_handshake(settings);
  link.sent_at = clock.monotonic_nanoseconds();
  if (auto error = send_all(link.transport, handshake.bytes.reveal(), deadline, wakeup)) return *std::move(error);
  auto replies = read_replies(link.transport, *link.replies, handshake, deadline, wakeup);
  if (!replies) return replies.error();
  Result<ServerFacts> facts = judge_handshake(settings, *replies);
  if (!facts) return facts.error();
  const Result<Reply> more = next_reply(*link.replies);
  if (!more) return more.error();
  if (*more) return unavailable("protocol error: a reply that nobody asked for");
  link.server_milliseconds = *parse_time(view(replies->back()));
  link.server = *std::move(facts);
  link.memory_info = std::move((*replies)[handshake.memory]);
  link.stats_info = std::move((*replies)[handshake.memory + 1]);
  return link;
}

TrialLink::TrialLink(const ConnectionSettings& settings, Clock& clock, const Wakeup& owner)
    : link_(unavailable("no thread left for a second connection")) {
  thread_ = start_thread([this, &settings, &clock, &owner] {
    link_ = open_link(settings, clock, resolver_, cancel_);
    over_.store(true, std::memory_order_release);
    owner.signal();
  });
  if (!thread_.joinable()) over_.store(true, std::memory_order_release);
}

TrialLink::~TrialLink() {
  cancel_.cancel();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ficha::redis
