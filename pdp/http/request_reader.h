// Bytes of a connection → requests. Beast frames them; what Beast lets pass is refused here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "pdp/http/http_message.h"

namespace portreeve::pdp {

// Why a request is refused before a handler sees it.
struct Refusal {
  int status = 400;
  std::string_view code = "bad-request";  // a literal
  std::string_view detail;                // a literal
};

// Reads one request after the other. One thread at a time.
class RequestReader {
 public:
  enum class Progress : std::uint8_t { need_more, done, refused };

  // Every request gets a copy of `peer`.
  RequestReader(std::size_t head_bytes, std::size_t body_bytes, HttpPeer peer);
  ~RequestReader();

  // Takes what it can of `input` and says how much that was: all bytes received and not yet consumed, the same start
  // each time. A head is consumed whole, so `input` must be able to grow to `head_bytes`. done: take() the request.
  // refused: nothing after it can be trusted; the connection ends. Linear in the bytes over all calls.
  Progress feed(std::string_view input, std::size_t& consumed);

  // Requires: done. Leaves the reader at the start of the next request.
  HttpRequest take();

  const Refusal& refusal() const { return refusal_; }  // Requires: refused.
  bool in_body() const { return in_body_; }
  // The client waits for 100 Continue before it sends the body.
  bool expects_continue() const { return in_body_ && expects_continue_; }
  // Of the request last done: whether the client keeps the connection, whether it takes no body,
  // and whether it must be told that the connection is kept.
  bool keeps_alive() const { return keeps_alive_; }
  bool is_head_method() const { return is_head_method_; }
  bool is_http_1_0() const { return is_http_1_0_; }

 private:
  class Parser;

  Progress refuse(int status, std::string_view code, std::string_view detail);
  Progress feed_head(std::string_view input, std::size_t& consumed);
  Progress feed_body(std::string_view input, std::size_t& consumed);
  // Where the head ends, 0 where it does not yet, npos where a line is no line of a head.
  std::size_t find_head_end(std::string_view input);
  Progress parse_head(std::string_view head);
  bool check_fields();
  bool check_target();

  // Constant after construction.
  const std::size_t head_bytes_;
  const std::size_t body_bytes_;
  const HttpPeer peer_;

  std::unique_ptr<Parser> parser_;
  HttpRequest request_;
  Refusal refusal_;
  std::size_t scanned_ = 0;     // of the head
  std::size_t line_start_ = 0;  // of the head's line being scanned
  std::size_t body_wire_ = 0;   // bytes of the body so far, framing included
  bool in_body_ = false;
  bool expects_continue_ = false;
  bool keeps_alive_ = false;
  bool is_head_method_ = false;
  bool is_http_1_0_ = false;
};

}  // namespace portreeve::pdp
