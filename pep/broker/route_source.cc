#include "pep/broker/route_source.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

namespace portreeve::pep {

namespace asio = boost::asio;

struct RouteSource::Loop {
  Loop(asio::io_context& context, BrokerGate& its_gate, PdpClient& its_pdp)
      : gate(its_gate), pdp(its_pdp), timer(context) {}

  static asio::awaitable<void> run(std::shared_ptr<Loop> self) {
    while (!self->stopped) {
      self->again = false;
      const bool read = co_await self->read();
      if (self->stopped) co_return;
      if (self->again) continue;  // something changed while this was read
      const BrokerTimes& times = self->gate.options.times;
      self->timer.expires_after(read ? times.routes : times.routes_retry);
      co_await self->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  asio::awaitable<bool> read() {
    const auto reply = co_await pdp.get("/v1/secrets", etag);
    if (stopped) co_return false;
    if (!reply) co_return tell(reply.error().message);
    if (reply->status == 304) co_return tell("");
    if (reply->status != 200) co_return tell("the PDP answered " + std::to_string(reply->status));
    auto table = RouteTable::read(reply->body);
    if (!table) co_return tell("the PDP's secrets are refused: " + table.error().message);
    etag = reply->etag;
    for (const std::string& refused : table->refused()) gate.log.error("a route stays closed", {{"error", refused}});
    gate.log.info("routes", {{"routes", table->routes().size()}, {"revision", table->revision()}});
    gate.routes.replace(std::make_shared<const RouteTable>(*std::move(table)));
    co_return tell("");
  }

  // Said once a change.
  bool tell(std::string now) {
    if (now != trouble && !now.empty()) gate.log.warning("the routes cannot be read", {{"error", now}});
    trouble = std::move(now);
    return trouble.empty();
  }

  BrokerGate& gate;
  PdpClient& pdp;
  asio::steady_timer timer;
  std::string etag;
  std::string trouble;
  bool again = false;
  bool stopped = false;
};

RouteSource::RouteSource(asio::io_context& context, BrokerGate& gate, PdpClient& pdp)
    : loop_(std::make_shared<Loop>(context, gate, pdp)) {
  asio::co_spawn(context, Loop::run(loop_), asio::detached);
}

RouteSource::~RouteSource() {
  loop_->stopped = true;
  loop_->timer.cancel();
}

void RouteSource::refresh() {
  loop_->again = true;
  loop_->timer.cancel();
}

}  // namespace portreeve::pep
