// A whole PDP without sockets: the real log, stores, keys, verifier and policies behind DecisionApi.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "daemon/clock.h"
#include "daemon/dev_issuer.h"
#include "daemon/metrics.h"
#include "daemon/readiness.h"
#include "engine/compile/snapshot.h"
#include "engine/compile/snapshot_holder.h"
#include "engine/load/load.h"
#include "engine/reader/json_reader.h"
#include "pdp/api/decision_api.h"
#include "pdp/service/policies_in_force.h"
#include "storage/segments/file_system.h"
#include "storage/sqlite/decision_log.h"
#include "storage/sqlite/state_store.h"
#include "tests/storage/segments/temporary_folder.h"

namespace portreeve::pdp {

inline constexpr char kPolicies[] = R"(apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: dev }
spec:
  issuer: http://127.0.0.1/portreeve-dev
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { file: dev/jwks.json }
  claims: { subject: sub, groups: groups, tenant: org }
  trust: internal
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: agent }
spec: { description: an agent }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: agents }
spec: { roles: [agent], subjects: [{ issuer: dev, group: /agents }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec:
  roles: [agent]
  rules:
    - { id: packages, effect: allow, hosts: [packages.example.org], limits: { idle: 5m } }
    - { id: paste, effect: deny, hosts: [pastebin.com], reason: exfiltration-risk }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: docs }
spec:
  rules:
    - { id: read, effect: allow, actions: [read], resources: [{ type: doc }] }
)";

class PdpFixture : public testing::Test {
 protected:
  struct Answer {
    int status = 0;
    HttpHeaders headers;
    JsonValue body;
    std::string text;
    std::optional<std::string> header(std::string_view name) const {
      for (const auto& [key, value] : headers) {
        if (key == name) return value;
      }
      return std::nullopt;
    }
    std::string at(std::string_view key) const {
      const JsonValue* value = body.find(key);
      return value == nullptr ? "(absent)" : to_canonical_json(*value);
    }
    // A member of `context`.
    std::string context(std::string_view key) const {
      const JsonValue* part = body.find("context");
      const JsonValue* value = part == nullptr ? nullptr : part->find(key);
      return value == nullptr ? "(absent)" : to_canonical_json(*value);
    }
  };

  PdpFixture() {
    auto loaded = load::load({{"policies.yaml", kPolicies}});
    EXPECT_NE(loaded.set, nullptr) << (loaded.diagnostics.empty() ? "" : to_text(loaded.diagnostics.front()));
    snapshots_.publish(compile::compile(loaded.set));
    ProviderTrust dev{"dev", daemon::kDevIssuer, {"portreeve"}, {Algorithm::eddsa}, JwksFile{"unused"}};
    EXPECT_TRUE(verifier_->set_providers({dev}));
    authenticator_ = std::make_unique<PepAuthenticator>(*peps_, *tokens_, PepAuthenticator::Options{{}, false});
    api_ = std::make_unique<DecisionApi>(ApiParts{*service_,
                                                  *authenticator_,
                                                  *exchange_,
                                                  *tokens_,
                                                  control_,
                                                  revocations_,
                                                  hub_,
                                                  snapshots_,
                                                  notes_,
                                                  *log_,
                                                  readiness_,
                                                  metrics_,
                                                  clock_,
                                                  disk_,
                                                  "http://pdp.example",
                                                  {"pdp", std::string(32, 'a')}});
    credential_ = peps_->add("gate", {storage::PepDomain::egress, storage::PepDomain::access}, clock_.now())->secret;
  }

  Answer call(const HttpRequest& request) {
    struct Sink final : ResponseSink {
      std::promise<HttpResponse> response;
      void answer(HttpResponse given) override { response.set_value(std::move(given)); }
    };
    auto sink = std::make_shared<Sink>();
    auto future = sink->response.get_future();
    api_->handle(request, Responder(sink));
    HttpResponse response = future.get();
    Answer answer{response.status, response.headers, {}, response.body};
    if (auto body = reader::parse_json(response.body)) answer.body = *std::move(body);
    return answer;
  }
  Answer post(std::string_view path, std::string body, HttpHeaders headers = {}) {
    if (headers.empty()) headers = {{"Authorization", "Bearer " + credential_}, {"Content-Type", "application/json"}};
    return call(HttpRequest::make("POST", path, headers, std::move(body)));
  }
  Answer get(std::string_view path) { return call(HttpRequest::make("GET", path)); }

  std::string id_token(const std::string& sub, JsonValue::Array groups = {"/agents"}, const std::string& org = "acme") {
    JsonValue claims =
        JsonValue::Object{{"sub", sub}, {"aud", "portreeve"}, {"groups", std::move(groups)}, {"org", org}};
    return issuer_.mint(std::move(claims), clock_.now(), std::chrono::minutes(5));
  }
  Answer exchange(const std::string& token) {
    return call(
        HttpRequest::make("POST", "/v1/token", {{"Content-Type", "application/x-www-form-urlencoded"}},
                          "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token_type="
                          "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token&subject_token=" +
                              token));
  }
  // A session's id and token.
  std::pair<std::string, std::string> session(const std::string& sub = "rita") {
    const Answer answer = exchange(id_token(sub));
    EXPECT_EQ(answer.status, 200) << answer.text;
    return {*answer.body.find("session_id")->as_string(), *answer.body.find("access_token")->as_string()};
  }
  static std::string egress(const std::string& id, const std::string& token, const std::string& host,
                            const std::string& addresses = R"(["23.0.0.10"])") {
    return R"({"subject":{"type":"session","id":")" + id + R"(","properties":{"token":")" + token +
           R"("}},"action":{"name":"egress.connect"},"resource":{"type":"endpoint","id":")" + host +
           R"(:443","properties":{"host":")" + host + R"(","port":443,"protocol":"connect","addresses":)" + addresses +
           "}}}";
  }
  // The record of a decision, as stored.
  std::string record(const std::string& quoted_id) {
    const auto found = log_->find(quoted_id.substr(1, quoted_id.size() - 2));
    return found && *found ? (*found)->bytes : std::string();
  }

  const storage::TemporaryFolder folder_;
  daemon::SystemClock clock_;
  daemon::Metrics metrics_;
  daemon::Readiness readiness_{{"policies"}};
  std::unique_ptr<storage::FileSystem> files_ = storage::make_posix_file_system();
  std::unique_ptr<storage::DecisionLog> log_ = *storage::open_decision_log(*files_, folder_.path());
  std::unique_ptr<storage::SessionStore> sessions_ = *storage::open_session_store(folder_.path() + "/state.sqlite");
  std::unique_ptr<storage::PepStore> peps_ = *storage::open_pep_store(folder_.path() + "/state.sqlite");
  daemon::DevIssuer issuer_ = *daemon::DevIssuer::open(folder_.path() + "/dev");
  std::unique_ptr<TokenVerifier> verifier_ = std::make_unique<TokenVerifier>(
      TokenVerifier::Options{
          .ca_file = {}, .dev_keys = daemon::DevIssuer::keys_file(folder_.path() + "/dev"), .times = {}},
      clock_);
  std::unique_ptr<SessionTokens> tokens_ =
      std::make_unique<SessionTokens>(*SigningKeys::open(folder_.path() + "/keys"), "portreeve");
  compile::SnapshotHolder snapshots_;
  ClaimMapper map_ = claim_mapper(snapshots_);
  RoleActivator roles_ = role_activator(snapshots_);
  std::unique_ptr<SubjectResolver> subjects_ =
      std::make_unique<SubjectResolver>(*verifier_, *tokens_, *sessions_, map_);
  std::unique_ptr<DecisionService> service_ = std::make_unique<DecisionService>(
      DecisionService::Parts{snapshots_, *subjects_, *log_, clock_}, wire::RecordSource{"pdp", std::string(32, 'a')});
  std::unique_ptr<TokenExchange> exchange_ = std::make_unique<TokenExchange>(
      *verifier_, *sessions_, *tokens_, map_, roles_, ExchangeSettings{std::chrono::hours(1)});
  const SessionControl control_{*sessions_, *tokens_, roles_};
  const Revocations revocations_{*sessions_};
  const daemon::Log operator_log_{daemon::LogOptions{}};
  const DeedNotes notes_{*log_, clock_, operator_log_, {"pdp", std::string(32, 'a')}};
  EventHub hub_{
      sessions_->events(), clock_, {.pdp = "pdp", .revision = [this] { return snapshots_.load()->revision(); }}};
  WorkQueue disk_{64};
  std::unique_ptr<PepAuthenticator> authenticator_;
  std::unique_ptr<DecisionApi> api_;
  std::string credential_;
};

}  // namespace portreeve::pdp
