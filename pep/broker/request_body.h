// A model API's request, read whole before it is judged.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <variant>

#include "engine/base/time.h"
#include "pep/broker/client_connection.h"
#include "pep/http/request_head.h"

namespace portreeve::pep {

// Room taken of what all requests together may hold; given back by its destruction.
class BodyRoom {
 public:
  BodyRoom(std::atomic<std::int64_t>& taken, std::int64_t most) : taken_(taken), most_(most) {}
  ~BodyRoom() { taken_.fetch_sub(mine_, std::memory_order_relaxed); }
  BodyRoom(const BodyRoom&) = delete;
  BodyRoom& operator=(const BodyRoom&) = delete;
  // False where the bound would be passed.
  bool grow(std::int64_t bytes);

 private:
  std::atomic<std::int64_t>& taken_;
  const std::int64_t most_;
  std::int64_t mine_ = 0;
};

// Why there is no body.
enum class BodyFault : std::uint8_t {
  gone,       // the client went away, or took too long
  too_large,  // over limits::kModelRequestBytes
  no_room,    // all requests together hold too much
  malformed,
};

// Reads the body that `head` announces; says `100 Continue` first where that is waited for. `most`: between two bytes.
boost::asio::awaitable<std::variant<std::string, BodyFault>> read_whole_body(ClientConnection& client, RequestHead head,
                                                                             BodyRoom& room, Millis most);

}  // namespace portreeve::pep
