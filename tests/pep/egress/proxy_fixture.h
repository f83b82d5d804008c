// A whole proxy in this process, between a scripted PDP, a DNS server and origins on public addresses.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "pep/egress/gate.h"
#include "pep/egress/server.h"
#include "pep/spool/outcome_spool.h"
#include "storage/segments/file_system.h"
#include "tests/pep/scripted_pdp.h"
#include "tests/pep/world.h"

namespace portreeve::pep {

class ProxyTest : public testing::Test {
 protected:
  ProxyTest();
  ~ProxyTest() override;
  void SetUp() override;

  // Starts the proxy with what `options` says by then. The PDP allows what `allow` says.
  void start();
  // Ends the proxy, and gives the records it left, each as JSON.
  std::vector<std::string> stop();

  Client client() { return Client("127.0.0.1", server_->address().port); }
  // A client that sent this CONNECT (with a token) and got its answer's head.
  Client connect(const std::string& target, std::string* head, std::string_view behind = "");
  static std::string connect_request(const std::string& target,
                                     const std::string& fields = "Proxy-Authorization: Bearer a.b.c\r\n");

  // Names the DNS server knows, each with its records.
  std::map<std::string, std::vector<std::string>> zone;
  // What the PDP says, where not to allow everything asked for, as TLS. Nothing: hang up.
  std::function<std::optional<std::string>(const std::string& action, const std::string& body)> pdp_says;
  std::string protocol = "tls";
  std::string limits;

  EgressOptions options;
  OutcomeSpoolOptions spool_options;
  std::unique_ptr<ScriptedPdp> pdp;
  std::unique_ptr<DnsServer> dns;
  std::unique_ptr<OutcomeSpool> spool;
  std::ostringstream log_text;

 private:
  std::optional<std::string> answer(const ScriptedPdp::Request& request);

  std::string directory_;
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  daemon::Log log_{{}, &log_text};
  daemon::SystemClock clock_;
  DnsLibrary library_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<EgressServer> server_;
};

// The value of a member of canonical JSON, as written; empty where there is none.
std::string member(const std::string& json, const std::string& key);

}  // namespace portreeve::pep
