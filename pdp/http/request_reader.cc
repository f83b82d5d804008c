#include "pdp/http/request_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <functional>
#include <optional>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using ErrorCode = boost::beast::error_code;

bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7F; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether the request line is well formed but for its version: Beast says bad_version of every third word.
bool names_other_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  if (std::count(line.begin(), line.end(), ' ') != 2) return false;
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
         is_digit(version[7]);
}

}  // namespace

// Beast's callbacks, written straight into a request. It parses over the request's own copy of the head, so that what
// it reports can be kept as offsets.
class RequestReader::Parser final {
 public:
  class Sink final : public http::basic_parser<true> {
   public:
    explicit Sink(HttpRequest& request) : request_(request) {}
    bool saw_foreign_bytes() const { return saw_foreign_bytes_; }

   private:
    HttpRequest::Slice slice(string_view part) {
      const std::string& head = request_.head_;
      // A value that Beast had to unfold lies elsewhere.
      const std::less<const char*> before;
      if (before(part.data(), head.data()) || before(head.data() + head.size(), part.data() + part.size())) {
        saw_foreign_bytes_ = !part.empty();
        return {};
      }
      return {static_cast<std::uint32_t>(part.data() - head.data()), static_cast<std::uint32_t>(part.size())};
    }

    void on_request_impl(http::verb, string_view method, string_view target, int version, ErrorCode&) override {
      request_.method_ = slice(method);
      request_.target_ = slice(target);
      request_.version_ = version;
    }
    void on_response_impl(int, string_view, int, ErrorCode&) override {}
    void on_field_impl(http::field, string_view name, string_view value, ErrorCode&) override {
      // After the head come a chunked body's trailers, which nobody asked for.
      if (!is_header_done_) request_.fields_.push_back({slice(name), slice(value)});
    }
    void on_header_impl(ErrorCode&) override { is_header_done_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
      if (length) request_.body_.reserve(static_cast<std::size_t>(*length));
    }
    std::size_t on_body_impl(string_view part, ErrorCode&) override {
      request_.body_.append(part.data(), part.size());
      return part.size();
    }
    void on_chunk_header_impl(std::uint64_t, string_view, ErrorCode&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view part, ErrorCode&) override {
      request_.body_.append(part.data(), part.size());
      return part.size();
    }
    void on_finish_impl(ErrorCode&) override {}

    HttpRequest& request_;
    bool is_header_done_ = false;
    bool saw_foreign_bytes_ = false;
  };

  std::optional<Sink> sink;
};

RequestReader::RequestReader(std::size_t head_bytes, std::size_t body_bytes, HttpPeer peer)
    : head_bytes_(head_bytes), body_bytes_(body_bytes), peer_(std::move(peer)), parser_(std::make_unique<Parser>()) {}
RequestReader::~RequestReader() = default;

RequestReader::Progress RequestReader::refuse(int status, std::string_view code, std::string_view detail) {
  refusal_ = {status, code, detail};
  return Progress::refused;
}

RequestReader::Progress RequestReader::feed(std::string_view input, std::size_t& consumed) {
  consumed = 0;
  if (!in_body_) {
    const Progress progress = feed_head(input, consumed);
    if (progress != Progress::need_more || !in_body_) return progress;
  }
  std::size_t of_body = 0;
  const Progress progress = feed_body(input.substr(consumed), of_body);
  consumed += of_body;
  return progress;
}

HttpRequest RequestReader::take() {
  HttpRequest request = std::move(request_);
  request.peer_ = peer_;
  request_ = HttpRequest();
  parser_->sink.reset();
  scanned_ = line_start_ = body_wire_ = 0;
  in_body_ = expects_continue_ = false;
  return request;
}

std::size_t RequestReader::find_head_end(std::string_view input) {
  while (scanned_ < input.size()) {
    const std::size_t feed = input.find('\n', scanned_);
    if (feed == std::string_view::npos) {
      scanned_ = input.size();
      return 0;
    }
    const std::string_view line = input.substr(line_start_, feed - line_start_);
    // RFC 9112 §2.2 and §5.2: bare LF, bare CR, obs-fold and an empty line before the request divide parsers.
    if (line.empty() || line.find('\r') != line.size() - 1) return std::string_view::npos;
    if (line.front() == ' ' || line.front() == '\t') return std::string_view::npos;
    if (line.size() == 1) return line_start_ == 0 ? std::string_view::npos : feed + 1;
    scanned_ = line_start_ = feed + 1;
  }
  return 0;
}

RequestReader::Progress RequestReader::feed_head(std::string_view input, std::size_t& consumed) {
  if (input.empty()) return Progress::need_more;
  // Not HTTP at all (a TLS hello, say) need not wait for a deadline.
  if (const char first = to_lower_ascii(input.front()); first < 'a' || first > 'z') {
    return refuse(400, "bad-request", "this is no HTTP request");
  }
  const std::size_t end = find_head_end(input.substr(0, head_bytes_));
  if (end == std::string_view::npos) {
    return refuse(400, "bad-request", "a line of the head is folded, empty, or not ended by CR LF");
  }
  if (end == 0) {
    if (input.size() < head_bytes_) return Progress::need_more;
    return refuse(431, "head-too-large", "the request line and header fields exceed the limit");
  }
  consumed = end;
  return parse_head(input.substr(0, end));
}

RequestReader::Progress RequestReader::parse_head(std::string_view head) {
  request_.head_.assign(head);
  request_.fields_.reserve(16);
  Parser::Sink& sink = parser_->sink.emplace(request_);
  sink.header_limit(static_cast<std::uint32_t>(head_bytes_));
  sink.body_limit(body_bytes_);
  ErrorCode ec;
  const std::size_t used = sink.put(boost::asio::buffer(request_.head_), ec);
  if (ec == http::error::bad_version && names_other_version(head)) {
    return refuse(505, "http-version", "only HTTP/1.0 and HTTP/1.1 are spoken here");
  }
  if (ec == http::error::body_limit) return refuse(413, "too-large", "the body exceeds the limit");
  if (ec || used != head.size() || sink.saw_foreign_bytes()) {
    return refuse(400, "bad-request", "the head of the request is malformed");
  }
  if (request_.header_count() > limits::kListenerFields)
    return refuse(431, "head-too-large", "there are too many fields");
  if (!check_target() || !check_fields()) return Progress::refused;
  keeps_alive_ = sink.keep_alive();
  is_head_method_ = request_.method() == "HEAD";
  is_http_1_0_ = request_.version() < 11;
  if (sink.is_done()) return Progress::done;
  in_body_ = true;
  return Progress::need_more;
}

bool RequestReader::check_target() {
  const std::string_view target = request_.target();
  const bool origin_form = !target.empty() && target.front() == '/';
  const bool asterisk_form = target == "*" && request_.method() == "OPTIONS";
  if ((origin_form || asterisk_form) && std::all_of(target.begin(), target.end(), is_visible_ascii) &&
      target.find('#') == std::string_view::npos) {
    return true;
  }
  refuse(400, "bad-request", "the request target is not a path in visible ASCII");
  return false;
}

// RFC 9112 §3.2 and §6: what two readers may read differently, we do not read.
bool RequestReader::check_fields() {
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  bool well_formed = true;
  for (std::size_t i = 0; i < request_.header_count(); ++i) {
    const auto [name, value] = request_.header_at(i);
    if (equal_ignoring_ascii_case(name, "host")) {
      ++hosts;
    } else if (equal_ignoring_ascii_case(name, "content-length")) {
      ++lengths;
      well_formed &= !value.empty() && std::all_of(value.begin(), value.end(), is_digit);
    } else if (equal_ignoring_ascii_case(name, "transfer-encoding")) {
      ++codings;
      well_formed &= equal_ignoring_ascii_case(value, "chunked");
    } else if (equal_ignoring_ascii_case(name, "expect")) {
      if (!equal_ignoring_ascii_case(value, "100-continue")) {
        refuse(417, "expectation-failed", "the only expectation met here is 100-continue");
        return false;
      }
      expects_continue_ = request_.version() >= 11;
    }
  }
  if (hosts > 1 || (hosts == 0 && request_.version() >= 11)) {
    refuse(400, "bad-request", "there must be one Host field");
    return false;
  }
  if (!well_formed || lengths + codings > 1 || (codings > 0 && request_.version() < 11)) {
    refuse(400, "bad-request", "the length of the body is ambiguous");
    return false;
  }
  return true;
}

RequestReader::Progress RequestReader::feed_body(std::string_view input, std::size_t& consumed) {
  Parser::Sink& sink = *parser_->sink;
  if (input.empty()) return Progress::need_more;
  expects_continue_ = false;
  sink.eager(true);
  ErrorCode ec;
  consumed = sink.put(boost::asio::buffer(input.data(), input.size()), ec);
  body_wire_ += consumed;
  if (ec == http::error::body_limit) return refuse(413, "too-large", "the body exceeds the limit");
  if (ec && ec != http::error::need_more) return refuse(400, "bad-request", "the body's chunks are malformed");
  if (sink.is_done()) return Progress::done;
  // Chunks of one byte, or long extensions, multiply what must be read for a small body.
  if (body_wire_ > 2 * body_bytes_ + head_bytes_) {
    return refuse(413, "too-large", "the body's chunk framing exceeds the limit");
  }
  if (input.size() - consumed >= head_bytes_) {
    return refuse(400, "bad-request", "a chunk's size line or the trailer fields exceed the limit");
  }
  return Progress::need_more;
}

}  // namespace portreeve::pdp
