// The decision listener: HTTP/1.1 over TCP and Unix sockets, bytes only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/endpoint.h"
#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "pdp/http/http_message.h"

namespace portreeve::pdp {

struct HttpServerOptions {
  std::vector<daemon::Endpoint> endpoints;  // hosts are addresses or `localhost`; port 0 is chosen by the kernel
  std::size_t threads = 1;
  std::size_t max_connections = 4096;                  // beyond: 503 with Retry-After, and closed
  std::size_t max_in_flight = 2048;                    // requests at the handler; beyond: 503 with Retry-After
  std::size_t head_bytes = 16u << 10;                  // request line and fields; beyond: 431
  std::size_t body_bytes = limits::kRequestBodyBytes;  // beyond: 413
  Millis head_deadline{10'000};   // from a request's first byte (at first: from the accept) to the end of its head
  Millis body_deadline{30'000};   // from there to the end of its body
  Millis idle_deadline{75'000};   // between requests
  Millis write_deadline{30'000};  // from the answer to the kernel's having taken all of it; on a stream, from a
                                  // piece's having to wait to the kernel's having taken some of it
  // Of a stream, waiting to be sent; beyond, the reader is too slow and cut. Pieces are shared between streams.
  std::size_t stream_bytes = 16u << 20;
  Millis linger{1'000};  // how long a refused peer's bytes are still read, so that it sees the refusal and no reset
  unsigned unix_mode = 0660;  // permission bits of Unix sockets
};

// Since the start.
struct HttpServerStats {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;  // now
  std::uint64_t connections_shed = 0;
  std::uint64_t requests = 0;            // handed to the handler
  std::uint64_t requests_in_flight = 0;  // now
  std::uint64_t requests_shed = 0;
  std::uint64_t requests_refused = 0;  // malformed, too large, too slow
};

// Serves HTTP/1.0 and 1.1: keep-alive, pipelining (one request at a time, answers in order), chunked bodies, HEAD,
// Expect: 100-continue. Ambiguous framing (RFC 9112 §6.3: repeated or odd Content-Length, any Transfer-Encoding but
// `chunked`, both; obs-fold, bare CR or LF, Host not exactly once) is 400 and the end of the connection, as is the
// absolute form: this is no proxy. Deadlines are kept by a coarse tick, so they are late by up to a quarter.
// Hot path: an answer given inside the handler costs no lock and no trip through the loop.
class HttpServer {
 public:
  // Binds, listens and starts serving on `options.threads` threads of its own. Fails with the endpoint and the reason.
  static Result<std::unique_ptr<HttpServer>> listen(HttpServerOptions options, HttpHandler handler);

  // Stops at once, if stop() has not been called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it listens, with the ports that the kernel chose, in the order of the options.
  const std::vector<daemon::Endpoint>& endpoints() const;
  HttpServerStats stats() const;

  // Stops accepting, closes idle connections, lets requests in flight be answered for up to `grace`, then closes all
  // and joins the threads. After it returns the handler is not called again. Not from a thread of the server; once.
  void stop(Millis grace);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portreeve::pdp
