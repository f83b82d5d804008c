#include "pep/broker/request_body.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "pep/http/body.h"

namespace portreeve::pep {

namespace asio = boost::asio;

bool BodyRoom::grow(std::int64_t bytes) {
  if (taken_.fetch_add(bytes, std::memory_order_relaxed) + bytes > most_) {
    taken_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  mine_ += bytes;
  return true;
}

asio::awaitable<std::variant<std::string, BodyFault>> read_whole_body(ClientConnection& client, RequestHead head,
                                                                      BodyRoom& room, Millis most) {
  if (head.framing == Framing::length && head.content_length > limits::kModelRequestBytes) {
    co_return BodyFault::too_large;
  }
  if (head.find("expect") != nullptr && !co_await client.write("HTTP/1.1 100 Continue\r\n\r\n")) {
    co_return BodyFault::gone;
  }
  BodyReader reader(head.framing, head.content_length);
  std::string body;
  std::size_t reserved = 0;
  while (true) {
    std::string_view rest = client.unread;
    while (true) {
      const std::string_view piece = reader.next(rest);
      if (piece.empty()) break;
      if (body.size() + piece.size() > limits::kModelRequestBytes) co_return BodyFault::too_large;
      // By what really came, not by what a head announces; a string grows by doubling.
      if (body.size() + piece.size() > reserved) {
        const std::size_t want = std::max(body.size() + piece.size(), 2 * reserved);
        if (!room.grow(static_cast<std::int64_t>(want - reserved))) co_return BodyFault::no_room;
        reserved = want;
        body.reserve(want);
      }
      body += piece;
    }
    client.unread.erase(0, client.unread.size() - rest.size());
    if (reader.failed()) co_return BodyFault::malformed;
    if (reader.complete()) co_return body;
    if (!co_await client.read_more(most)) co_return BodyFault::gone;
  }
}

}  // namespace portreeve::pep
