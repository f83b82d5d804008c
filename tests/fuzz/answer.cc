#include "pep/client/answer.h"

#include "tests/fuzz/input.h"

using namespace portreeve;
using namespace portreeve::pep;

namespace {

// What may be gone by: it is somebody's, and of its question's kind.
template <class Grant, class Ask>
void check(std::string_view body, const Ask& ask) {
  const auto answer = read_answer(body, ask);
  if (!answer) return;
  CHECK(!answer->id.empty());
  CHECK(answer->event >= 0 && answer->cache_for.count() >= 0);
  CHECK(answer->allowed == std::holds_alternative<Grant>(answer->obligations));
  if (answer->allowed) CHECK(answer->session && answer->session->id == ask.asker.session);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_text(data, size);
  EgressAsk egress;
  egress.asker.session = "ses_1";
  egress.stage = wire::EgressStage::connect;
  egress.target = {*net::HostName::parse("a.example.com"), 443};
  egress.addresses = {*net::IpAddress::parse("23.0.0.10")};
  check<EgressGrant>(body, egress);
  if (const auto answer = read_answer(body, egress); answer && answer->allowed) {
    for (const JudgedAddress& judged : std::get<EgressGrant>(answer->obligations).addresses) {
      CHECK(judged.address() == egress.addresses.front() && judged.port() == 443);
    }
  }
  SecretAsk secret;
  secret.asker.session = "ses_1";
  check<wire::SecretObligations>(body, secret);
  ExecAsk exec;
  exec.asker.session = "ses_1";
  exec.env = {"HOME"};
  check<wire::ExecObligations>(body, exec);
  return 0;
}
