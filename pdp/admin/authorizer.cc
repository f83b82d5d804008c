#include "pdp/admin/authorizer.h"

#include <algorithm>
#include <future>

#include "engine/compile/snapshot.h"
#include "engine/decide/decide.h"
#include "pdp/admin/digest.h"

namespace portreeve::pdp {
namespace {

constexpr std::string_view kEveryTenant = "*";
constexpr std::size_t kMostRecalled = 4096;
const Wish kBeyondTenants{"read", "all-tenants"};

reader::Question question_of(const wire::Principal& principal, const Wish& wish, std::string_view id) {
  reader::Question question;
  question.subject = {principal.type, principal.id, std::nullopt, JsonValue()};
  question.request.action = wish.action;
  question.request.resource_type = wish.type;
  question.request.resource_id = id;
  question.request.resource_properties = wish.properties;
  question.request.question = wire::AccessQuestion{};
  return question;
}

std::optional<std::string> tenant_of(const compile::Snapshot& snapshot, const wire::Principal& principal,
                                     Timestamp now) {
  const rbac::Activation subject = snapshot.directory().activate(principal, now);
  return subject.tenant ? std::optional<std::string>(*subject.tenant) : std::nullopt;
}

tl::unexpected<HttpResponse> no_decision(ServiceFailure failure) {
  switch (failure) {
    case ServiceFailure::audit_unavailable:
      return refuse(503, "audit-unavailable", "the decision about this request cannot be recorded");
    case ServiceFailure::not_ready:
      return refuse(503, "not-ready", "no policy revision is active");
  }
  return refuse(503, "unavailable", "no answer");
}

using Answers = tl::expected<std::vector<RecordedAnswer>, ServiceFailure>;

Answers evaluate(const Authorizer::Parts& parts, const wire::Principal& principal,
                 std::vector<reader::Question> questions) {
  Evaluation evaluation;
  evaluation.questions = std::move(questions);
  evaluation.caller = {kAdminPep, {storage::PepDomain::access}};
  evaluation.identity.emplace().principal = principal;
  evaluation.identity->event = parts.events.last_number();
  std::promise<Answers> promise;
  auto answers = promise.get_future();
  parts.service.evaluate(std::move(evaluation), [&promise](Answers given) { promise.set_value(std::move(given)); });
  return answers.get();
}

std::string denial(const Wish& wish, std::string_view id, const wire::DecisionRecord& record) {
  return "the policies do not let you `" + std::string(wish.action) + "` the `" + std::string(wish.type) + "` `" +
         std::string(id) + "` (" + record.reason + ", " + record.id + ")";
}

struct Asked {
  Grant grant;
  Seconds keep{0};
};

Step<Asked> ask_all(const Authorizer::Parts& parts, const compile::Snapshot& snapshot, const wire::Principal& principal,
                    Reach reach, std::vector<Wish> wishes) {
  const auto tenant = tenant_of(snapshot, principal, parts.clock.now());
  const bool all = reach == Reach::all_tenants || !tenant;
  const std::string id(all ? kEveryTenant : std::string_view(*tenant));
  if (all) wishes.push_back(kBeyondTenants);
  std::vector<reader::Question> questions;
  for (const Wish& wish : wishes) questions.push_back(question_of(principal, wish, id));
  const Answers answers = evaluate(parts, principal, std::move(questions));
  if (!answers) return no_decision(answers.error());
  Asked asked;
  if (!all) asked.grant.tenant = tenant;
  asked.keep = answers->front().cache_for;
  for (std::size_t i = 0; i < answers->size(); ++i) {
    const wire::DecisionRecord& record = (*answers)[i].recorded.record();
    const bool needed = i == 0 || (all && i + 1 == answers->size());
    // The policies may have changed since the tenant was looked up; then the question was about the wrong one.
    const bool allowed = record.decision && (all || record.tenant == *tenant);
    if (needed && !allowed) return refuse(403, "denied", denial(wishes[i], id, record));
    asked.grant.allowed.push_back(allowed);
    asked.keep = std::min(asked.keep, (*answers)[i].cache_for);
  }
  if (all) asked.grant.allowed.pop_back();
  return asked;
}

}  // namespace

Step<Grant> Authorizer::ask(const Visitor& visitor, Reach reach, std::vector<Wish> wishes) const {
  const auto snapshot = parts_.snapshots.load();
  if (snapshot == nullptr) return no_decision(ServiceFailure::not_ready);
  STEP(Asked asked, ask_all(parts_, *snapshot, visitor.principal, reach, std::move(wishes)));
  return std::move(asked.grant);
}

Step<Grant> Authorizer::ask_or_recall(const Visitor& visitor, Reach reach, const Wish& wish) {
  const std::string key = sha256(visitor.principal.id + '\0' + to_canonical_json(visitor.principal.claims)) +
                          (reach == Reach::all_tenants ? '*' : '-') + std::string(wish.action) + '\0' +
                          std::string(wish.type);
  const std::uint64_t generation = parts_.snapshots.generation();
  const std::int64_t now = parts_.clock.steady_millis();
  {
    const MutexLock lock(mutex_);
    const auto at = recalled_.find(key);
    if (at != recalled_.end() && at->second.until_millis > now && at->second.generation == generation) {
      return at->second.grant;
    }
  }
  const auto snapshot = parts_.snapshots.load();
  if (snapshot == nullptr) return no_decision(ServiceFailure::not_ready);
  STEP(Asked asked, ask_all(parts_, *snapshot, visitor.principal, reach, {wish}));
  const MutexLock lock(mutex_);
  if (recalled_.size() >= kMostRecalled) recalled_.clear();
  recalled_.insert_or_assign(key, Recalled{asked.grant, now + std::min(Millis(asked.keep), kKeep).count(), generation});
  return std::move(asked.grant);
}

Authorizer::Prospect Authorizer::foresee(const Visitor& visitor, const std::vector<Wish>& wishes) const {
  Prospect prospect;
  const auto snapshot = parts_.snapshots.load();
  if (snapshot == nullptr) return prospect;
  const Timestamp now = parts_.clock.now();
  prospect.tenant = tenant_of(*snapshot, visitor.principal, now);
  const auto would = [&](const Wish& wish, std::string_view id) {
    wire::Request request = question_of(visitor.principal, wish, id).request;
    request.principal = visitor.principal;
    request.time = now;
    const wire::Decision decision = decide::decide(*snapshot, request);
    prospect.roles = decision.roles;
    return decision.allowed;
  };
  prospect.all_tenants = would(kBeyondTenants, kEveryTenant);
  for (const Wish& wish : wishes) {
    const bool confined = prospect.tenant.has_value();
    prospect.allowed.push_back((confined || prospect.all_tenants) &&
                               would(wish, confined ? std::string_view(*prospect.tenant) : kEveryTenant));
  }
  return prospect;
}

}  // namespace portreeve::pdp
