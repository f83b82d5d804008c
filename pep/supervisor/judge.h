// Asks the PDP about a start, and makes what may be executed of the answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "pep/client/pdp_client.h"
#include "pep/client/session_watch.h"
#include "pep/supervisor/program.h"
#include "pep/supervisor/spawn.h"

namespace portreeve::supervisor {

// Why a start is refused.
struct Refused {
  std::string reason;    // a reason code
  std::string detail;    // for a person
  std::string decision;  // its id; empty where none was made
};

struct StartQuestion {
  OpenedProgram program;
  std::vector<std::string> arguments;
  std::string folder;  // real path
  std::string user;
  std::vector<std::string> environment;  // names
  bool terminal = false;
};

class Judge {
 public:
  explicit Judge(std::string session) : session_(std::move(session)) {}

  // One question, its answer, and whether that still stands. Nothing is cached. `registration` was made before; it is
  // bound to the session that the answer names.
  boost::asio::awaitable<std::variant<JudgedProgram, Refused>> ask(std::shared_ptr<pep::PdpClient> pdp,
                                                                   StartQuestion question,
                                                                   pep::Registration& registration) const;

 private:
  const std::string session_;
};

}  // namespace portreeve::supervisor
