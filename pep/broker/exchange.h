// From the permission to spend a secret to the end of the answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pep/broker/client_connection.h"
#include "pep/broker/credential.h"
#include "pep/broker/denial.h"
#include "pep/broker/gate.h"
#include "pep/broker/model_request.h"
#include "pep/broker/route.h"
#include "pep/client/answer.h"
#include "pep/client/session_watch.h"

namespace portreeve::pep {

// One request that was allowed: what is sent is what was judged.
struct AllowedCall {
  std::shared_ptr<const RouteTable> table;  // holds `route`
  const Route* route = nullptr;
  std::shared_ptr<const Credential> credential;
  wire::UpstreamUrl upstream;  // one of the route's
  Answer answer;               // allows
  std::string session;
  RequestHead head;
  std::string token;  // never sent on
  std::string path;   // below the route
  std::string query;
  std::optional<ModelRequest> model;  // of a model API's request, whose body is here
  std::string body;                   // whole, where `model` is there
};

// Whether the client's connection can take another request.
enum class AfterExchange : std::uint8_t { keep, close };

// Connects, makes the usage's intent durable, sends the request with the credential in it, and streams the answer back.
// Leaves one outcome, and one usage completion for each intent. A denial comes back where nothing was sent to the
// client yet. Cuts both sides when `registration` is cut.
boost::asio::awaitable<std::variant<AfterExchange, BrokerDenial>> exchange(BrokerLane& lane, ClientConnection& client,
                                                                           AllowedCall call,
                                                                           Registration& registration);

}  // namespace portreeve::pep
