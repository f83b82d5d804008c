#include "pep/net/resolver.h"

#include <ares.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/limits.h"
#include "engine/net/guard.h"
#include "pep/net/dns_answer.h"

namespace portreeve::pep {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kTick = Millis(100);
constexpr int kTries = 3;
constexpr int kFirstTimeoutMillis = 1000;

std::string servers_csv(const ResolverOptions& options) {
  std::string csv;
  for (const std::string& server : options.servers) csv += (csv.empty() ? "" : ",") + server;
  return csv;
}

ares_options base_options(int& mask) {
  // c-ares wants a char*; a file that is always empty, so that resolv.conf adds nothing.
  static char no_resolv_conf[] = "/dev/null";
  static char dns_only[] = "b";
  ares_options options = {};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = kFirstTimeoutMillis;
  options.tries = kTries;
  options.ndots = 0;
  options.domains = nullptr;
  options.ndomains = 0;
  options.lookups = dns_only;
  options.resolvconf_path = no_resolv_conf;
  mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
         ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE;
  return options;
}

// One family's part of a lookup.
struct Part {
  DnsType type = DnsType::a;
  bool done = false;
  Result<DnsAnswer> answer = fail("no DNS answer in time");
};

// A c-ares channel driven by the io_context, for one name. Destroying it ends every query.
class Lookup {
 public:
  Lookup(asio::io_context& context, const net::HostName& name) : context_(context), name_(name), event_(context) {
    parts_[1].type = DnsType::aaaa;
  }
  ~Lookup() {
    // Calls sock_state for each socket, and on_answer for each open query.
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  Status start(const ResolverOptions& options) {
    int mask = 0;
    ares_options ares = base_options(mask);
    ares.sock_state_cb = &Lookup::sock_state;
    ares.sock_state_cb_data = this;
    mask |= ARES_OPT_SOCK_STATE_CB;
    if (const int status = ares_init_options(&channel_, &ares, mask); status != ARES_SUCCESS) {
      channel_ = nullptr;
      return fail(std::string("the resolver cannot start: ") + ares_strerror(status));
    }
    if (const int status = ares_set_servers_ports_csv(channel_, servers_csv(options).c_str()); status != ARES_SUCCESS) {
      return fail(std::string("the resolver's servers are refused: ") + ares_strerror(status));
    }
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      ares_query(channel_, name_.str().c_str(), kInternet, static_cast<int>(parts_[i].type),
                 i == 0 ? &Lookup::on_a : &Lookup::on_aaaa, this);
    }
    return {};
  }

  // Waits until both families have answered, or `timeout`.
  asio::awaitable<void> wait(Millis timeout) {
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (!finished() && std::chrono::steady_clock::now() < end) {
      event_.expires_at(std::min(end, std::chrono::steady_clock::now() + kTick));
      co_await event_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (!finished()) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
  }

  const std::array<Part, 2>& parts() const { return parts_; }

 private:
  static constexpr int kInternet = 1;

  struct Watch {
    Watch(asio::io_context& context, ares_socket_t socket) : descriptor(context, socket) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool reading = false;
    bool writing = false;
    bool dead = false;
  };

  bool finished() const { return parts_[0].done && parts_[1].done; }

  static void on_a(void* self, int status, int, unsigned char* bytes, int size) {
    static_cast<Lookup*>(self)->on_answer(0, status, bytes, size);
  }
  static void on_aaaa(void* self, int status, int, unsigned char* bytes, int size) {
    static_cast<Lookup*>(self)->on_answer(1, status, bytes, size);
  }

  void on_answer(std::size_t index, int status, const unsigned char* bytes, int size) {
    Part& part = parts_[index];
    part.done = true;
    // No data is what the answer's bytes say, and not c-ares's to call an error: the chain may still lead somewhere
    // barred.
    if ((status == ARES_SUCCESS || status == ARES_ENODATA) && bytes != nullptr && size > 0) {
      part.answer = read_dns_answer({bytes, static_cast<std::size_t>(size)}, name_, part.type);
    } else if (status == ARES_ECONNREFUSED) {
      // What c-ares says once every server has failed, in whatever way.
      part.answer = fail("every DNS server fails to answer");
    } else {
      part.answer = fail(std::string("the DNS servers give no answer: ") + ares_strerror(status));
    }
    if (finished()) event_.cancel();
  }

  static void sock_state(void* self, ares_socket_t socket, int readable, int writable) {
    static_cast<Lookup*>(self)->watch(socket, readable != 0, writable != 0);
  }

  void watch(ares_socket_t socket, bool readable, bool writable) {
    auto found = watches_.find(socket);
    if (!readable && !writable) {
      if (found == watches_.end()) return;
      // The socket is c-ares's, which closes it now.
      found->second->dead = true;
      found->second->descriptor.release();
      watches_.erase(found);
      return;
    }
    if (found == watches_.end()) found = watches_.emplace(socket, std::make_shared<Watch>(context_, socket)).first;
    found->second->wants_read = readable;
    found->second->wants_write = writable;
    arm(found->second);
  }

  void arm(const std::shared_ptr<Watch>& watch) {
    if (watch->wants_read && !watch->reading) {
      watch->reading = true;
      watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this, watch](error_code) {
        watch->reading = false;
        ready(watch, true);
      });
    }
    if (watch->wants_write && !watch->writing) {
      watch->writing = true;
      watch->descriptor.async_wait(asio::posix::stream_descriptor::wait_write, [this, watch](error_code) {
        watch->writing = false;
        ready(watch, false);
      });
    }
  }

  // A dead watch may outlive the lookup; nothing else may be touched then.
  void ready(const std::shared_ptr<Watch>& watch, bool readable) {
    if (watch->dead) return;
    const ares_socket_t socket = watch->descriptor.native_handle();
    ares_process_fd(channel_, readable ? socket : ARES_SOCKET_BAD, readable ? ARES_SOCKET_BAD : socket);
    if (!watch->dead) arm(watch);
  }

  asio::io_context& context_;
  const net::HostName& name_;
  ares_channel channel_ = nullptr;
  std::map<ares_socket_t, std::shared_ptr<Watch>> watches_;
  std::array<Part, 2> parts_;
  asio::steady_timer event_;
};

wire::Reason reason_of(net::NameGuard guard) {
  return wire::reason_from_code(net::guard_code(guard)).value_or(wire::Reason::guard_special_use_name);
}

Resolution merge(const std::array<Part, 2>& parts) {
  std::vector<net::IpAddress> addresses;
  std::string detail = "the name has no address";
  for (const Part& part : parts) {
    if (!part.answer) {
      detail = part.answer.error().message;
      continue;
    }
    for (const net::HostName& hop : part.answer->hops) {
      const auto guard = net::classify_name(hop);
      if (guard) return ResolveFailure{reason_of(*guard), "the name leads to `" + hop.str() + "`"};
    }
    addresses.insert(addresses.end(), part.answer->addresses.begin(), part.answer->addresses.end());
  }
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  if (addresses.empty()) return ResolveFailure{wire::Reason::resolve_error, detail};
  if (addresses.size() > limits::kDnsAnswers) {
    return ResolveFailure{wire::Reason::resolve_error, "the name has more than 16 addresses"};
  }
  return addresses;
}

}  // namespace

asio::awaitable<Resolution> Resolver::resolve(net::HostName name) {
  Lookup lookup(context_, name);
  if (auto status = lookup.start(options_); !status) {
    co_return ResolveFailure{wire::Reason::resolve_error, status.error().message};
  }
  co_await lookup.wait(options_.timeout);
  co_return merge(lookup.parts());
}

Status Resolver::check(const ResolverOptions& options) {
  if (options.servers.empty()) return fail("no DNS server is named; give --resolver ADDRESS:PORT");
  int mask = 0;
  ares_options ares = base_options(mask);
  ares_channel channel = nullptr;
  if (const int status = ares_init_options(&channel, &ares, mask); status != ARES_SUCCESS) {
    return fail(std::string("the resolver cannot start: ") + ares_strerror(status));
  }
  const int status = ares_set_servers_ports_csv(channel, servers_csv(options).c_str());
  ares_destroy(channel);
  if (status != ARES_SUCCESS) return fail("`" + servers_csv(options) + "` names no DNS servers; each is ADDRESS:PORT");
  return {};
}

DnsLibrary::DnsLibrary() { CHECK(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS); }
DnsLibrary::~DnsLibrary() { ares_library_cleanup(); }

}  // namespace portreeve::pep
