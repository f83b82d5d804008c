#include "pdp/http/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>

namespace portreeve::pdp {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
// What a connection keeps of its buffers between requests.
constexpr std::size_t kKeptBuffer = 64u << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

using ErrorCode = boost::system::error_code;

boost::asio::generic::stream_protocol protocol_of(const HttpPeer& peer) {
  if (peer.kind == HttpPeer::Kind::unix_socket) return {AF_UNIX, 0};
  return {peer.address.find(':') == std::string::npos ? AF_INET : AF_INET6, 0};
}

}  // namespace

Connection::Connection(std::shared_ptr<Worker> worker, Accepted accepted)
    : worker_(std::move(worker)),
      socket_(worker_->io(), protocol_of(accepted.peer), accepted.socket.get()),
      reader_(worker_->state().options.head_bytes, worker_->state().options.body_bytes, accepted.peer) {
  accepted.socket.release();
  ErrorCode ignored;
  socket_.non_blocking(true, ignored);
  worker_->add(*this);
}

Connection::~Connection() = default;

void Connection::start() {
  set_deadline(worker_->state().options.head_deadline);
  read_more();
}

void Connection::start_refused(const Refusal& refusal) { refuse(refusal); }

void Connection::set_deadline(Millis span) {
  // Ticks are coarse and now_millis() is as old as the last one: late by a tick, never early.
  deadline_ = worker_->now_millis() + (span + worker_->tick()).count();
}

void Connection::check_deadline(std::int64_t now_millis) {
  if (now_millis < deadline_) return;
  if ((phase_ == Phase::head && end_ > begin_) || phase_ == Phase::body) {
    refuse({408, "timeout", "the request did not arrive in time"});
    return;
  }
  close();
}

void Connection::close_if_idle() {
  if (phase_ == Phase::idle || phase_ == Phase::streaming || (phase_ == Phase::head && begin_ == end_)) close();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  deadline_ = kNever;
  stream_ended_.store(true, std::memory_order_relaxed);
  pieces_.clear();
  ErrorCode ignored;
  socket_.close(ignored);
  worker_->remove(*this);
}

void Connection::advance() {
  for (;;) {
    std::size_t consumed = 0;
    const RequestReader::Progress progress = reader_.feed(unread(), consumed);
    begin_ += consumed;
    if (progress == RequestReader::Progress::refused) return refuse(reader_.refusal());
    if (progress == RequestReader::Progress::need_more) {
      note_progress();
      if (phase_ != Phase::closed) read_more();
      return;
    }
    if (dispatch() == Go::wait) return;
  }
}

// Moves the deadline where a request has entered its next part.
void Connection::note_progress() {
  const HttpServerOptions& options = worker_->state().options;
  if (reader_.in_body()) {
    if (phase_ != Phase::body) {
      phase_ = Phase::body;
      said_continue_ = false;
      set_deadline(options.body_deadline);
    }
    if (reader_.expects_continue() && !said_continue_) {
      said_continue_ = true;
      const ssize_t sent = ::send(socket_.native_handle(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
      // Nothing else is under way, so a socket that cannot take these few bytes has a peer that reads nothing.
      if (sent != static_cast<ssize_t>(kContinue.size())) close();
    }
    return;
  }
  if (begin_ != end_ && phase_ != Phase::head) {
    phase_ = Phase::head;
    set_deadline(options.head_deadline);
  }
}

void Connection::make_room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ < in_.size()) return;
  if (begin_ > 0) {
    std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    return;
  }
  const std::size_t most = std::max(worker_->state().options.head_bytes, kFirstBuffer);
  in_.resize(std::min(most, std::max(kFirstBuffer, in_.size() * 2)));
}

void Connection::read_more() {
  if (is_reading_) return;
  if (phase_ == Phase::lingering || phase_ == Phase::streaming) begin_ = end_ = 0;
  make_room();
  is_reading_ = true;
  socket_.async_read_some(boost::asio::buffer(in_.data() + end_, in_.size() - end_),
                          [self = shared_from_this()](const ErrorCode& ec, std::size_t size) {
                            self->is_reading_ = false;
                            if (self->phase_ == Phase::closed) return;
                            if (ec) return self->close();
                            self->on_read(size);
                          });
}

void Connection::on_read(std::size_t size) {
  // A refused peer's bytes are read to be thrown away; a stream's, to see it go.
  if (phase_ == Phase::writing) return;
  if (phase_ == Phase::lingering || phase_ == Phase::streaming) return read_more();
  end_ += size;
  advance();
}

// Hands the request to the handler. on where it was answered there and the answer is on its way.
Connection::Go Connection::dispatch() {
  ServerState& state = worker_->state();
  phase_ = Phase::handling;
  deadline_ = kNever;
  HttpRequest request = reader_.take();
  if (state.in_flight.fetch_add(1, std::memory_order_relaxed) >= state.options.max_in_flight) {
    state.in_flight.fetch_sub(1, std::memory_order_relaxed);
    state.requests_shed.fetch_add(1, std::memory_order_relaxed);
    response_ = problem_response(503, "overloaded", "too many requests are being answered");
    response_->headers.emplace_back("Retry-After", "1");
    return send_answer();
  }
  is_counted_ = true;
  state.requests.fetch_add(1, std::memory_order_relaxed);
  in_handler_ = true;
  state.handler(std::move(request), Responder(shared_from_this()));
  in_handler_ = false;
  return response_ ? send_answer() : Go::wait;
}

void Connection::answer(HttpResponse response) {
  // in_handler_ belongs to the worker's thread: the order of these two questions matters.
  if (worker_->is_current_thread() && in_handler_) {
    response_ = std::move(response);
    return;
  }
  worker_->deliver(shared_from_this(), std::move(response));
}

void Connection::complete(HttpResponse response) {
  response_ = std::move(response);
  if (send_answer() == Go::on) advance();
}

Connection::Go Connection::send_answer() {
  if (is_counted_) worker_->state().in_flight.fetch_sub(1, std::memory_order_relaxed);
  is_counted_ = false;
  HttpResponse response = *std::exchange(response_, std::nullopt);
  if (phase_ == Phase::closed) return Go::wait;
  closes_after_ = !reader_.keeps_alive() || worker_->stopping() || response.stream;
  ResponseFraming framing;
  framing.date = worker_->date();
  framing.body_left_out = reader_.is_head_method();
  framing.after = closes_after_           ? ConnectionAfter::closed
                  : reader_.is_http_1_0() ? ConnectionAfter::kept_and_said
                                          : ConnectionAfter::kept;
  append_response(out_, response, framing);
  if (!framing.body_left_out && !worker_->stopping()) stream_ = std::move(response.stream);
  return write();
}

// Most answers fit the socket's buffer: one system call, and no trip through the loop.
Connection::Go Connection::write() {
  phase_ = Phase::writing;
  const ssize_t sent = ::send(socket_.native_handle(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    close();
    return Go::wait;
  }
  written_ = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  if (written_ == out_.size()) return after_write();
  set_deadline(worker_->state().options.write_deadline);
  write_rest();
  return Go::wait;
}

void Connection::write_rest() {
  boost::asio::async_write(socket_, boost::asio::buffer(out_.data() + written_, out_.size() - written_),
                           [self = shared_from_this()](const ErrorCode& ec, std::size_t) {
                             if (self->phase_ == Phase::closed) return;
                             if (ec) return self->close();
                             if (self->after_write() == Go::on) self->advance();
                           });
}

Connection::Go Connection::after_write() {
  if (out_.capacity() > kKeptBuffer) {
    std::string().swap(out_);
  } else {
    out_.clear();
  }
  if (stream_) {
    begin_stream();
    return Go::wait;
  }
  if (closes_after_) {
    begin_linger();
    return Go::wait;
  }
  phase_ = Phase::idle;
  set_deadline(worker_->state().options.idle_deadline);
  return Go::on;
}

void Connection::begin_stream() {
  if (worker_->stopping()) return close();
  phase_ = Phase::streaming;
  deadline_ = kNever;
  // A peer that vanished without a word is noticed when it acknowledges nothing (tcp(7)).
  const auto patience = static_cast<unsigned>(worker_->state().options.write_deadline.count());
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
  read_more();
  std::exchange(stream_, nullptr)(shared_from_this());
}

bool Connection::send(std::shared_ptr<const std::string> piece) {
  if (stream_ended_.load(std::memory_order_relaxed)) return false;
  const std::size_t size = piece->size();
  if (stream_waiting_.fetch_add(size, std::memory_order_relaxed) + size > worker_->state().options.stream_bytes) {
    stream_ended_.store(true, std::memory_order_relaxed);
    stream_cut_.store(true, std::memory_order_relaxed);
    worker_->deliver(shared_from_this(), nullptr);
    return false;
  }
  worker_->deliver(shared_from_this(), std::move(piece));
  return true;
}

void Connection::finish() {
  stream_ended_.store(true, std::memory_order_relaxed);
  worker_->deliver(shared_from_this(), nullptr);
}

void Connection::complete(std::shared_ptr<const std::string> piece) {
  if (phase_ != Phase::streaming) return;
  if (stream_cut_.load(std::memory_order_relaxed)) return close();
  if (piece == nullptr && pieces_.empty()) return begin_linger();
  pieces_.push_back(std::move(piece));
  if (!is_waiting_) write_stream();
}

void Connection::write_stream() {
  while (!pieces_.empty()) {
    if (pieces_.front() == nullptr) return begin_linger();
    const std::string& piece = *pieces_.front();
    const ssize_t sent = ::send(socket_.native_handle(), piece.data() + piece_written_, piece.size() - piece_written_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return close();
    if (sent < 0) {
      if (deadline_ == kNever) set_deadline(worker_->state().options.write_deadline);
      is_waiting_ = true;
      socket_.async_wait(boost::asio::socket_base::wait_write, [self = shared_from_this()](const ErrorCode& ec) {
        self->is_waiting_ = false;
        if (self->phase_ != Phase::streaming) return;
        if (ec) return self->close();
        self->write_stream();
      });
      return;
    }
    deadline_ = kNever;
    piece_written_ += static_cast<std::size_t>(sent);
    stream_waiting_.fetch_sub(static_cast<std::size_t>(sent), std::memory_order_relaxed);
    if (piece_written_ < piece.size()) continue;
    pieces_.pop_front();
    piece_written_ = 0;
  }
}

void Connection::refuse(const Refusal& refusal) {
  worker_->state().refused.fetch_add(1, std::memory_order_relaxed);
  HttpResponse response = problem_response(refusal.status, refusal.code, refusal.detail);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  closes_after_ = true;
  append_response(out_, response, {worker_->date(), ConnectionAfter::closed, false});
  write();
}

// Closing a socket with unread bytes resets it, and a reset overtakes the answer (RFC 9112 §9.6): so we say that we are
// done, and read on for a moment.
void Connection::begin_linger() {
  phase_ = Phase::lingering;
  set_deadline(worker_->state().options.linger);
  ErrorCode ec;
  socket_.shutdown(boost::asio::socket_base::shutdown_send, ec);
  if (ec) return close();
  read_more();
}

}  // namespace portreeve::pdp
