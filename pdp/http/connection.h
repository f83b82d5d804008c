// One connection: read a request, wait for its answer, write it, again.
#pragma once

#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "pdp/http/request_reader.h"
#include "pdp/http/response_writer.h"
#include "pdp/http/worker.h"

namespace portreeve::pdp {

// Belongs to its worker's thread, but for answer(), send() and finish(). Lives as long as an operation of the loop, a
// Responder or who writes to its stream holds it.
class Connection final : public ResponseSink, public BodyStream, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Worker> worker, Accepted accepted);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  // Sends `refusal` without reading anything, and closes.
  void start_refused(const Refusal& refusal);

  // Any thread.
  void answer(HttpResponse response) override;
  bool send(std::shared_ptr<const std::string> piece) override;
  void finish() override;
  // The answer, or a piece of a stream, on the worker's thread.
  void complete(HttpResponse response);
  void complete(std::shared_ptr<const std::string> piece);

  // Closes or refuses where a deadline has passed.
  void check_deadline(std::int64_t now_millis);
  // For a stopping server: closes if no request has begun.
  void close_if_idle();
  void close();

  std::size_t index = 0;  // the worker's: its place among the connections

 private:
  enum class Phase : std::uint8_t { idle, head, body, handling, writing, streaming, lingering, closed };
  enum class Go : std::uint8_t { on, wait };  // go on with what is buffered, or wait for an event

  void advance();
  void read_more();
  void on_read(std::size_t size);
  void make_room();
  void note_progress();
  Go dispatch();
  Go send_answer();
  Go write();
  void write_rest();
  Go after_write();
  void begin_stream();
  void write_stream();
  void refuse(const Refusal& refusal);
  void begin_linger();
  void set_deadline(Millis span);
  std::string_view unread() const { return std::string_view(in_).substr(begin_, end_ - begin_); }

  // Constant after construction.
  const std::shared_ptr<Worker> worker_;

  // Owned by the worker's thread.
  boost::asio::generic::stream_protocol::socket socket_;
  RequestReader reader_;
  Phase phase_ = Phase::head;
  bool in_handler_ = false;
  bool is_reading_ = false;
  bool is_counted_ = false;  // among the requests in flight
  bool closes_after_ = false;
  bool said_continue_ = false;
  std::int64_t deadline_ = std::numeric_limits<std::int64_t>::max();
  std::optional<HttpResponse> response_;
  std::string in_;  // its size is the buffer's capacity
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string out_;
  std::size_t written_ = 0;
  std::function<void(std::shared_ptr<BodyStream>)> stream_;
  std::deque<std::shared_ptr<const std::string>> pieces_;
  std::size_t piece_written_ = 0;  // of the first piece
  bool is_waiting_ = false;        // for the socket to take more of the stream

  // Any thread's.
  std::atomic<std::size_t> stream_waiting_{0};  // bytes of pieces not yet written
  std::atomic<bool> stream_ended_{false};
  std::atomic<bool> stream_cut_{false};  // the reader is too slow: nothing that waits is worth sending
};

}  // namespace portreeve::pdp
