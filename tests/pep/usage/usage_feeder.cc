// A gate without a gate: makes calls through the usage spool and ships them, for tests that kill it.
//
//   usage_feeder SPOOL_FOLDER ACCOUNTING_PORT TOKEN_FILE CALLS
//
// Prints `begun KEY` once a call's intent is durable. Calls are made one after the other, so that a line also says that
// the completion of the call before it is durable. Call N used N tokens of input and one of output. After the calls it
// goes on shipping until everything is acknowledged, prints `drained`, and ends.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "daemon/clock.h"
#include "daemon/random.h"
#include "engine/base/text.h"
#include "pep/usage/usage_shipper.h"
#include "pep/usage/usage_spool.h"
#include "storage/segments/file_system.h"

namespace {

using namespace portreeve;

wire::UsageEvent call_at(Timestamp now) {
  wire::UsageEvent event;
  event.time = now;
  event.gate = "feeder";
  event.decision = "dec_feeder";
  event.session = "ses_feeder";
  event.subject = "keycloak/rita";
  event.tenant = "acme";
  event.secret = "llm/anthropic";
  event.provider = "anthropic";
  event.api = wire::UsageApi::anthropic_messages;
  event.model = "parrot-1";
  return event;
}

wire::UsageEvent completion_of(const std::string& key, std::int64_t number) {
  wire::UsageEvent event;
  event.response_id = "msg_" + key;
  event.status = 200;
  event.outcome = wire::UsageOutcome::completed;
  event.certainty = wire::UsageCertainty::reported;
  event.counters.input = number;
  event.counters.output = 1;
  return event;
}

int run(const std::string& folder, int port, const std::string& token_file, long calls) {
  const auto files = storage::make_posix_file_system();
  const daemon::Log log({"error", "text"});
  const daemon::SystemClock clock;
  auto token = storage::read_file(*files, token_file, 4096);
  if (!token) return std::fprintf(stderr, "%s\n", token.error().message.c_str()), 1;
  while (!token->empty() && token->back() == '\n') token->pop_back();
  auto spool = pep::UsageSpool::open(*files, {folder, 64u << 20}, hex_encode(daemon::random_bytes(16)), log);
  if (!spool) return std::fprintf(stderr, "%s\n", spool.error().message.c_str()), 1;
  pep::UsageShipperOptions options;
  options.accounting = {"127.0.0.1", static_cast<std::uint16_t>(port), ""};
  options.credential = *token;
  options.gate = "feeder";
  options.dead_letters = folder + "/dead-letters.jsonl";
  options.batch = 64;
  options.first_pause = Millis(20);
  options.longest_pause = Millis(200);
  const pep::UsageShipper shipper(**spool, *files, options, log);
  for (long number = 1; number <= calls; ++number) {
    auto call = (*spool)->begin_and_wait(call_at(clock.now()));
    if (!call) return std::fprintf(stderr, "%s\n", call.error().message.c_str()), 1;
    std::printf("begun %s\n", call->intent().key.c_str());
    std::fflush(stdout);
    call->complete(completion_of(call->intent().key, number));
  }
  static_cast<void>((*spool)->queue().append_and_wait({}));
  (*spool)->wait_until_acknowledged_for_test();
  std::puts("drained");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: usage_feeder SPOOL_FOLDER PORT TOKEN_FILE CALLS\n"), 2;
  return run(argv[1], std::atoi(argv[2]), argv[3], std::atol(argv[4]));
}
