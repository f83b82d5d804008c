#include "pep/broker/upstream.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>
#include <utility>

#include "engine/net/guard.h"
#include "pep/net/asio_address.h"
#include "pep/net/watchdog.h"

namespace portreeve::pep {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
using Clock = std::chrono::steady_clock;

// An address that the guard let pass. Only guard() makes one, and the dialler takes nothing else.
class GuardedAddress {
 public:
  net::IpAddress address() const { return address_; }

 private:
  friend std::variant<std::vector<GuardedAddress>, UpstreamFailure> guard(const std::vector<net::IpAddress>&,
                                                                          const net::OwnAddresses&);
  explicit GuardedAddress(net::IpAddress address) : address_(address) {}
  net::IpAddress address_;
};

// A Secret's upstream has no InternalService to open what is only softly closed.
std::variant<std::vector<GuardedAddress>, UpstreamFailure> guard(const std::vector<net::IpAddress>& addresses,
                                                                 const net::OwnAddresses& own) {
  std::vector<GuardedAddress> guarded;
  for (const net::IpAddress& address : addresses) {
    const net::SpecialRange range = net::classify(address, own);
    if (range == net::SpecialRange::none) {
      guarded.push_back(GuardedAddress(address));
      continue;
    }
    return UpstreamFailure{
        wire::reason_from_code(net::guard_code(range)).value_or(wire::Reason::guard_not_global_address),
        "the upstream leads to " + address.to_string()};
  }
  return guarded;
}

Millis left_until(Clock::time_point end) {
  return std::max(Millis(0), std::chrono::duration_cast<Millis>(end - Clock::now()));
}

// The name or address that the certificate must be for.
bool expect_host(SSL* tls, const net::EndpointHost& host) {
  X509_VERIFY_PARAM* const param = SSL_get0_param(tls);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (const auto* name = std::get_if<net::HostName>(&host)) {
    return SSL_set_tlsext_host_name(tls, name->str().c_str()) == 1 && SSL_set1_host(tls, name->str().c_str()) == 1;
  }
  return X509_VERIFY_PARAM_set1_ip_asc(param, std::get<net::IpAddress>(host).to_string().c_str()) == 1;
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> make_upstream_tls(const std::string& ca_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  error_code error;
  context->set_verify_mode(asio::ssl::verify_peer, error);
  if (!error && ca_file.empty()) context->set_default_verify_paths(error);
  if (!error && !ca_file.empty()) context->load_verify_file(ca_file, error);
  if (error) return fail("the upstream authorities cannot be read: " + error.message());
  SSL_CTX* const native = context->native_handle();
  constexpr unsigned char kAlpn[] = "\x08http/1.1";
  if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_alpn_protos(native, kAlpn, sizeof kAlpn - 1) != 0) {
    return fail("TLS cannot be set up");
  }
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle(const net::Endpoint& origin) {
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return nullptr;
  while (!found->second.empty()) {
    auto connection = std::move(found->second.back());
    found->second.pop_back();
    if (Clock::now() - connection->idle_since > options_.keep) {
      found->second.clear();  // all others are idle for longer
      return nullptr;
    }
    // Alive is where nothing has come, neither an end nor a word out of turn.
    char byte = 0;
    const int socket = connection->stream.lowest_layer().native_handle();
    const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return connection;
  }
  return nullptr;
}

void UpstreamPool::give_back(const net::Endpoint& origin, std::unique_ptr<UpstreamConnection> connection) {
  auto& kept = idle_[origin];
  if (kept.size() == options_.idle_per_origin) kept.erase(kept.begin());
  connection->idle_since = Clock::now();
  kept.push_back(std::move(connection));
}

asio::awaitable<std::variant<std::unique_ptr<UpstreamConnection>, UpstreamFailure>> UpstreamPool::connect(
    net::Endpoint origin) {
  if (auto kept = take_idle(origin)) co_return kept;
  const auto end = Clock::now() + options_.connect;

  std::vector<net::IpAddress> addresses;
  if (const auto* address = std::get_if<net::IpAddress>(&origin.host)) {
    addresses.push_back(*address);
  } else {
    const auto& name = std::get<net::HostName>(origin.host);
    if (const auto barred = net::classify_name(name)) {
      co_return UpstreamFailure{
          wire::reason_from_code(net::guard_code(*barred)).value_or(wire::Reason::guard_special_use_name),
          "the upstream's name is barred"};
    }
    auto resolution = co_await resolver_.resolve(name);
    if (auto* failure = std::get_if<ResolveFailure>(&resolution)) {
      co_return UpstreamFailure{failure->reason, std::move(failure->detail)};
    }
    addresses = std::move(std::get<std::vector<net::IpAddress>>(resolution));
  }
  const auto guarded = guard(addresses, own_.current());
  if (const auto* failure = std::get_if<UpstreamFailure>(&guarded)) co_return *failure;

  const auto& dialled = std::get<std::vector<GuardedAddress>>(guarded);
  UpstreamFailure failure{wire::Reason::connect_timeout, "no time was left"};
  for (std::size_t i = 0; i < dialled.size(); ++i) {
    const Millis share = left_until(end) / static_cast<int>(dialled.size() - i);
    UpstreamConnection::Stream stream(co_await asio::this_coro::executor, tls_);
    tcp::socket& socket = stream.next_layer();
    const tcp::endpoint endpoint(to_asio(dialled[i].address()), origin.port);
    error_code error;
    socket.open(endpoint.protocol(), error);
    const Watchdog watchdog(socket, share);
    std::tie(error) = co_await socket.async_connect(endpoint, kAwait);
    if (!error) {
      socket.set_option(tcp::no_delay(true), error);
      socket.set_option(asio::socket_base::keep_alive(true), error);
      if (!expect_host(stream.native_handle(), origin.host)) {
        co_return UpstreamFailure{wire::Reason::upstream_untrusted, "the upstream's name cannot be verified"};
      }
      std::tie(error) = co_await stream.async_handshake(asio::ssl::stream_base::client, kAwait);
      if (!error) co_return std::make_unique<UpstreamConnection>(std::move(stream), dialled[i].address());
      failure.reason = watchdog.expired() ? wire::Reason::connect_timeout : wire::Reason::upstream_untrusted;
      const long verified = SSL_get_verify_result(stream.native_handle());
      failure.detail = verified == X509_V_OK ? error.message() : X509_verify_cert_error_string(verified);
      continue;
    }
    const bool late = watchdog.expired() || error == asio::error::timed_out;
    failure.reason = late ? wire::Reason::connect_timeout : wire::Reason::connect_refused;
    failure.detail = error.message();
  }
  co_return failure;
}

}  // namespace portreeve::pep
