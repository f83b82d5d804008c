#include "tests/pep/egress/proxy_fixture.h"

#include <cstdlib>

#include "tests/pep/dns_bytes.h"

namespace portreeve::pep {

ProxyTest::ProxyTest() {
  char pattern[] = "/tmp/pep-egress-XXXXXX";
  directory_ = ::mkdtemp(pattern);
  options.listen = {"127.0.0.1", 0, ""};
  options.threads = 2;
  options.pdp.deadline = Millis(5000);
  options.times.linger = Millis(500);
  spool_options.directory = directory_ + "/spool";
  spool_options.refusals_per_second = 1000;
  dns = std::make_unique<DnsServer>([this](const std::string& name, std::size_t type) {
    DnsServer::Reply reply;
    const auto found = zone.find(name);
    if (found == zone.end()) reply.flags = 0x8183;
    for (const std::string& record : found == zone.end() ? std::vector<std::string>() : found->second) {
      const std::size_t at = record.find('\0') + 1;
      const auto record_type = static_cast<std::size_t>(static_cast<std::uint8_t>(record[at + 1]));
      if (record_type == type || record_type == 5) reply.answers.push_back(record);
    }
    return reply;
  });
  pdp = std::make_unique<ScriptedPdp>([this](const ScriptedPdp::Request& request) { return answer(request); });
  pdp->events = [](int) { return event_stream(0); };
  options.silence = {Seconds(600), Seconds(600)};
  options.first_hearing = Seconds(20);
  options.resolver.servers = {dns->address()};
  options.pdp.endpoint = pdp->endpoint();
}

ProxyTest::~ProxyTest() {
  server_.reset();
  spool.reset();
  std::filesystem::remove_all(directory_);
}

void ProxyTest::SetUp() {
  if (!no_namespace_reason().empty()) GTEST_SKIP() << no_namespace_reason();
}

void ProxyTest::start() {
  auto opened = OutcomeSpool::open(*files_, spool_options, std::string(32, 'a'), log_);
  ASSERT_TRUE(opened) << opened.error().message;
  spool = std::move(*opened);
  gate_.reset(new Gate{options, *spool, clock_, log_, {}, {}});
  auto started = EgressServer::start(*gate_);
  ASSERT_TRUE(started) << started.error().message;
  server_ = std::move(*started);
}

std::vector<std::string> ProxyTest::stop() {
  server_.reset();
  EXPECT_TRUE(spool->queue().append_and_wait({}));
  std::vector<std::string> records;
  auto read = spool->queue().read(100'000, 1u << 30);
  if (!read) return records;
  for (const auto& stored : *read) records.push_back(stored.bytes.substr(32));
  return records;
}

std::string ProxyTest::connect_request(const std::string& target, const std::string& fields) {
  return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + fields + "\r\n";
}

Client ProxyTest::connect(const std::string& target, std::string* head, std::string_view behind) {
  Client made = client();
  made.send(connect_request(target) + std::string(behind));
  *head = made.read_head();
  return made;
}

std::optional<std::string> ProxyTest::answer(const ScriptedPdp::Request& request) {
  const bool resolve = request.body.find(R"("name":"egress.resolve")") != std::string::npos;
  if (pdp_says) return pdp_says(resolve ? "egress.resolve" : "egress.connect", request.body);
  if (resolve) return http_response(200, allow_resolve());
  return http_response(200, allow_connect(member(request.body, "addresses"), protocol, limits));
}

std::string member(const std::string& json, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\":");
  if (at == std::string::npos) return {};
  const std::size_t start = at + key.size() + 3;
  if (json[start] == '"') return json.substr(start + 1, json.find('"', start + 1) - start - 1);
  if (json[start] == '[') return json.substr(start, json.find(']', start) - start + 1);
  return json.substr(start, json.find_first_of(",}", start) - start);
}

}  // namespace portreeve::pep
