#include "pep/supervisor/judge.h"

#include <utility>

#include "pep/client/answer.h"

namespace portreeve::supervisor {

boost::asio::awaitable<std::variant<JudgedProgram, Refused>> Judge::ask(std::shared_ptr<pep::PdpClient> pdp,
                                                                        StartQuestion question,
                                                                        pep::Registration& registration) const {
  pep::ExecAsk ask;
  ask.asker.session = session_;  // the credential stands for it
  ask.program = question.program.program.described;
  if (question.program.interpreter) ask.interpreter = question.program.interpreter->described;
  ask.args = std::move(question.arguments);
  ask.cwd = question.folder;
  ask.user = question.user;
  ask.env = std::move(question.environment);
  ask.terminal = question.terminal;
  auto asked = co_await pdp->ask(std::move(ask));
  if (auto* unavailable = std::get_if<pep::PdpUnavailable>(&asked)) {
    co_return Refused{std::string(wire::code(unavailable->reason)), unavailable->detail, {}};
  }
  auto& answer = std::get<pep::Answer>(asked);
  if (!answer.allowed) co_return Refused{answer.reason, answer.rule_reason, answer.id};
  const bool stands = answer.session && answer.session->id == session_ &&
                      registration.bind(answer.session->id, answer.event) && !registration.objection();
  if (!stands) {
    const auto objection = registration.objection();
    const wire::Reason reason = objection ? pep::reason_of(*objection) : wire::Reason::revoked;
    co_return Refused{std::string(wire::code(reason)), "the session no longer stands", answer.id};
  }
  auto* obligations = std::get_if<wire::ExecObligations>(&answer.obligations);
  if (obligations == nullptr) {
    co_return Refused{std::string(wire::code(wire::Reason::pdp_unavailable)), "an answer without obligations",
                      answer.id};
  }
  co_return JudgedProgram(std::move(question.program), std::move(*obligations), answer.id);
}

}  // namespace portreeve::supervisor
