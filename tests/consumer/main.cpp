// A service in miniature: one session, from its creation to its end, on the store inside the process.
#include <ficha/ficha.hpp>

#include <cstdio>

int main() {
  ficha::Config config;
  config.redis.url = ficha::Secret{"memory://"};
  auto client = ficha::Client::open(config);
  if (!client) return std::fprintf(stderr, "open: %s\n", client.error().message.c_str()), 1;

  ficha::NewSession wanted;
  wanted.principal = "ada";
  auto issued = client->create(wanted);
  if (!issued) return std::fprintf(stderr, "create: %s\n", issued.error().message.c_str()), 1;

  auto loaded = client->load(issued->token.reveal());
  if (!loaded || !*loaded || (*loaded)->principal() != "ada") return std::fputs("load: not ada's session\n", stderr), 1;

  auto revoked = client->revoke(issued->session.id());
  if (!revoked || *revoked != ficha::RevokeOutcome::revoked) return std::fputs("revoke: not revoked\n", stderr), 1;

  loaded = client->load(issued->token.reveal());
  if (!loaded || *loaded) return std::fputs("load: the session outlived its revocation\n", stderr), 1;
  return 0;
}
