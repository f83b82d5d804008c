// What a handler of the decision listener sees of HTTP: a request read whole, and one answer to it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portreeve::pdp {

// Who is at the other end, as the kernel says.
struct HttpPeer {
  enum class Kind : std::uint8_t { tcp, unix_socket };
  Kind kind = Kind::tcp;
  std::string address;  // TCP: the peer's address as text; empty for Unix
  std::uint16_t port = 0;
  // Unix: SO_PEERCRED, the credentials at connect.
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
  pid_t pid = -1;
  friend bool operator==(const HttpPeer&, const HttpPeer&) = default;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// A request, read whole and checked: its framing is unambiguous, its target is origin-form (or `*`) in visible ASCII.
// Views live as long as the request and do not outlive a move of it.
class HttpRequest {
 public:
  HttpRequest() = default;
  // As if it had come over a connection. Requires: no CR or LF in any part.
  static HttpRequest make(std::string_view method, std::string_view target, const HttpHeaders& headers = {},
                          std::string body = {}, HttpPeer peer = {});

  std::string_view method() const { return view(method_); }  // as sent, case-sensitive
  std::string_view target() const { return view(target_); }
  std::string_view path() const;            // the target up to `?`, not decoded
  std::string_view query() const;           // after `?`; empty where there is none
  int version() const { return version_; }  // 10 or 11

  // The first field of that name (any case), trimmed. No allocation, O(fields).
  std::optional<std::string_view> header(std::string_view name) const;
  // All fields of that name, in order.
  std::vector<std::string_view> headers(std::string_view name) const;
  std::size_t header_count() const { return fields_.size(); }
  std::pair<std::string_view, std::string_view> header_at(std::size_t index) const;

  const std::string& body() const { return body_; }
  std::string take_body() { return std::move(body_); }
  const HttpPeer& peer() const { return peer_; }

 private:
  friend class RequestReader;
  // A part of head_, which moves: so offsets, not views.
  struct Slice {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  struct Field {
    Slice name;
    Slice value;
  };
  std::string_view view(Slice slice) const { return std::string_view(head_).substr(slice.offset, slice.size); }

  std::string head_;
  Slice method_;
  Slice target_;
  int version_ = 11;
  std::vector<Field> fields_;
  std::string body_;
  HttpPeer peer_;
};

// A body that goes on after its first bytes, until one side ends it. Any thread; may outlive the server.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Sends the piece, which streams may share, after those before it. False where the stream has ended: the peer is
  // gone, was too slow to take what waited for it, or the server stops. Costs one queue entry; never blocks.
  virtual bool send(std::shared_ptr<const std::string> piece) = 0;
  // Ends it once all pieces are sent.
  virtual void finish() = 0;
};

// An answer. Date, Content-Length and Connection are the server's to write: leave them out of `headers`.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  // Where there is one, `body` is the beginning of a stream that ends with the connection (RFC 9112 §6.3, the last
  // case). Called once, on a thread of the server, when the head is on its way; not for a HEAD request. Must not block.
  std::function<void(std::shared_ptr<BodyStream>)> stream = {};
};

// An RFC 9457 problem: `application/problem+json` with type `urn:portreeve:problem:<code>`, title, status and detail.
// `detail` may quote input; `field` is a JSON pointer to the culprit, left out where empty.
HttpResponse problem_response(int status, std::string_view code, std::string_view detail, std::string_view field = {});

// Where an answer goes: a connection, or a test.
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // Called once at most, from any thread.
  virtual void answer(HttpResponse response) = 0;
};

// The duty to answer one request, exactly once and from any thread. Destroyed unanswered it answers 503 `unavailable`,
// so that nothing forgotten hangs and nothing forgotten allows. May outlive the server; the answer is then dropped.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&& other) noexcept;
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;
  ~Responder();

  // Requires: not yet answered nor moved from.
  void respond(HttpResponse response);

 private:
  std::shared_ptr<ResponseSink> sink_;
};

// Called on a thread of the server: answers there at once, or keeps the responder for another thread. Never blocks.
using HttpHandler = std::function<void(HttpRequest, Responder)>;

}  // namespace portreeve::pdp
