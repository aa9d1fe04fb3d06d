// The least HTTP server on Boost.Beast: one coroutine for each connection, a few threads for all.
#pragma once

#include <utility>  // before Boost.Asio, whose coroutines use std::exchange without it in Boost 1.74

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "adapter.hpp"

namespace ficha_beast {

namespace asio = boost::asio;
using asio::ip::tcp;

using Handler = std::function<Response(const Request& request, const std::string& peer)>;

inline asio::awaitable<void> converse(tcp::socket socket, const Handler& handle) {
  boost::beast::tcp_stream stream{std::move(socket)};
  const std::string peer = stream.socket().remote_endpoint().address().to_string();
  boost::beast::flat_buffer buffer;
  for (bool more = true; more;) {
    stream.expires_after(std::chrono::seconds{30});
    Request request;
    co_await http::async_read(stream, buffer, request, asio::use_awaitable);
    Response response = handle(request, peer);
    response.version(request.version());
    response.keep_alive(request.keep_alive());
    response.prepare_payload();
    more = response.keep_alive();
    co_await http::async_write(stream, response, asio::use_awaitable);
  }
}

inline asio::awaitable<void> accept_connections(tcp::acceptor& acceptor, const Handler& handle) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    // A client that goes away ends its conversation with an exception: nothing else to do about it.
    asio::co_spawn(acceptor.get_executor(), converse(std::move(socket), handle), asio::detached);
  }
}

// Serves 127.0.0.1:`port`, or a free one for 0, until SIGINT or SIGTERM; calls `on_listening` with the port when connections
// are accepted. `handle` is called from several threads at once.
inline void serve(std::uint16_t port, const Handler& handle, const std::function<void(std::uint16_t)>& on_listening) {
  constexpr int threads = 4;
  asio::io_context context{threads};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), port}};
  asio::co_spawn(context, accept_connections(acceptor, handle), asio::detached);
  asio::signal_set signals{context, SIGINT, SIGTERM};
  signals.async_wait([&](auto, int) { context.stop(); });
  on_listening(acceptor.local_endpoint().port());

  std::vector<std::jthread> pool;
  for (int i = 0; i < threads; ++i) pool.emplace_back([&] { context.run(); });
}

}  // namespace ficha_beast
