#include "pdp/identity/token_verifier.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include "daemon/dev_issuer.h"
#include "tests/pdp/identity/local_issuer.h"
#include "tests/pdp/identity/test_keys.h"
#include "tests/pdp/identity/verifier_fixture.h"

namespace portreeve::pdp {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(VerifierFixture, WaitsForTheFirstKeysAndThenAnswersInline) {
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  EXPECT_TRUE(ask(token("k")));
  std::optional<TokenVerdict> inline_verdict;
  verifier_->verify(token("k", "other-subject"), now(),
                    [&](TokenVerdict verdict) { inline_verdict = std::move(verdict); });
  ASSERT_TRUE(inline_verdict.has_value()) << "keys were here, so nothing was to be waited for";
  EXPECT_TRUE(*inline_verdict);
  EXPECT_EQ(issuer_.fetches(), 1);
}

TEST_F(VerifierFixture, FindsKeysByDiscovery) {
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  issuer_.serve_configuration(
      fmt::format(R"({{"issuer":"{}","jwks_uri":"{}"}})", issuer_.issuer(), issuer_.at("/jwks")));
  start(JwksDiscovery{});
  EXPECT_TRUE(ask(token("k")));
}

TEST_F(VerifierFixture, RefusesConfigurationsThatAreNotTheIssuersOwn) {
  struct Row {
    std::string document, error;
  };
  const std::string prefix = "the configuration of " + issuer_.issuer() + ": ";
  const std::string jwks = issuer_.at("/jwks");
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  for (const Row& row : std::vector<Row>{
           {fmt::format(R"({{"issuer":"{}/","jwks_uri":"{}"}})", issuer_.issuer(), jwks), "`issuer` is another one"},
           {fmt::format(R"({{"jwks_uri":"{}"}})", jwks), "`issuer` is another one"},
           {fmt::format(R"({{"issuer":"{}"}})", issuer_.issuer()), "`jwks_uri` is missing"},
           {fmt::format(R"({{"issuer":"{}","jwks_uri":7}})", issuer_.issuer()), "`jwks_uri` is missing"},
           {fmt::format(R"({{"issuer":"{}","jwks_uri":"http://192.0.2.1/jwks"}})", issuer_.issuer()),
            "`http://192.0.2.1/jwks` is http on a host that is not this machine; write `https://host/path`"},
           {fmt::format(R"({{"issuer":"{}","jwks_uri":"file:///etc/passwd"}})", issuer_.issuer()),
            "`file:///etc/passwd` is not an https address; write `https://host/path`"},
           {"<html>", "at byte 0: expected a value"},
       }) {
    issuer_.serve_configuration(row.document);
    start(JwksDiscovery{});
    const auto verdict = ask(token("k"));
    ASSERT_FALSE(verdict) << row.document;
    EXPECT_EQ(verdict.refusal().failure, TokenFailure::keys_unavailable);
    EXPECT_EQ(verifier_->status().front().last_error, prefix + row.error);
  }
  EXPECT_EQ(issuer_.fetches(), 0);
}

TEST_F(VerifierFixture, PicksUpNewKeysAtOnceAndDropsRemovedOnes) {
  const TestKey next = TestKey::p256();
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  const std::string old_token = token("k");
  EXPECT_TRUE(ask(old_token));
  issuer_.serve_jwks(jwks_document({next.jwk("k2")}));
  EXPECT_TRUE(ask(old_token)) << "nothing has said yet that the key is gone";

  clock_.advance(seconds(30));
  EXPECT_TRUE(ask(token("k2", "rita", next, Algorithm::es256))) << "an unknown id has the keys fetched";
  EXPECT_EQ(issuer_.fetches(), 2);
  const auto dropped = ask(old_token);
  ASSERT_FALSE(dropped) << "a verdict seen before does not outlive its key";
  EXPECT_EQ(dropped.refusal().failure, TokenFailure::invalid);
}

TEST_F(VerifierFixture, AsksForUnknownIdsAtMostOnceInThirtySeconds) {
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  EXPECT_TRUE(ask(token("k")));
  for (int i = 0; i < 50; ++i) {
    const auto verdict = ask(token("unknown-" + std::to_string(i)));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.refusal().failure, TokenFailure::invalid);
  }
  EXPECT_EQ(issuer_.fetches(), 1);
  clock_.advance(seconds(29));
  EXPECT_FALSE(ask(token("unknown")));
  EXPECT_EQ(issuer_.fetches(), 1);
  clock_.advance(seconds(1));
  EXPECT_FALSE(ask(token("unknown")));
  EXPECT_FALSE(ask(token("unknown")));
  EXPECT_EQ(issuer_.fetches(), 2);
}

TEST_F(VerifierFixture, KeepsKeysAsLongAsTheIssuerSaysWithinBounds) {
  struct Row {
    std::string cache_control;
    Seconds fresh_for;
  };
  for (const Row& row : std::vector<Row>{{"", seconds(600)},
                                         {"public", seconds(600)},
                                         {"max-age=900", seconds(900)},
                                         {"public, MAX-AGE=900 , must-revalidate", seconds(900)},
                                         {"max-age=1", seconds(300)},
                                         {"no-store", seconds(300)},
                                         {"max-age=900, no-cache", seconds(300)},
                                         {"max-age=31536000", seconds(86'400)},
                                         {"max-age=-1", seconds(600)},
                                         {"max-age=99999999999999", seconds(600)},
                                         {"max-age=9x", seconds(600)}}) {
    issuer_.serve_jwks(jwks_document({key_.jwk("k")}), row.cache_control);
    start();
    EXPECT_TRUE(ask(token("k")));
    const int before = issuer_.fetches();
    clock_.advance(row.fresh_for - Millis(1));
    EXPECT_TRUE(ask(token("k", "a")));
    EXPECT_EQ(issuer_.fetches(), before) << row.cache_control;
    clock_.advance(Millis(1));
    EXPECT_TRUE(ask(token("k", "b")));
    EXPECT_EQ(issuer_.fetches(), before + 1) << row.cache_control;
  }
}

TEST_F(VerifierFixture, KeepsTheLastGoodKeysForAnHourWhileTheIssuerIsAway) {
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  EXPECT_TRUE(ask(token("k")));
  issuer_.stop();
  clock_.advance(minutes(10) + minutes(59));
  EXPECT_TRUE(ask(token("k", "a")));
  EXPECT_TRUE(ask(token("k", "a")));
  const auto unknown = ask(token("unknown"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.refusal().failure, TokenFailure::keys_unavailable) << "nobody knows whether it has this key";
  clock_.advance(minutes(1));
  for (const char* subject : {"a", "b"}) {
    const auto verdict = ask(token("k", subject));
    ASSERT_FALSE(verdict) << subject;
    EXPECT_EQ(verdict.refusal().failure, TokenFailure::keys_unavailable);
  }
}

TEST_F(VerifierFixture, TriesAgainWhenAnIssuerThatWasAwayComesBack) {
  issuer_.on_jwks([](const auto&, auto& response) { response.status = 503; });
  start();
  const auto verdict = ask(token("k"));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.refusal().failure, TokenFailure::keys_unavailable);
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  EXPECT_FALSE(ask(token("k"))) << "the interval between attempts is not over";
  EXPECT_EQ(issuer_.fetches(), 1);
  clock_.advance(seconds(5));
  EXPECT_TRUE(ask(token("k")));
  EXPECT_EQ(verifier_->status().front().last_error, "");
}

TEST_F(VerifierFixture, TakesKeysFromNoBadAnswer) {
  const std::string good = jwks_document({key_.jwk("k")});
  const std::string huge =
      R"({"keys":[)" + to_canonical_json(key_.jwk("k")) + R"(],"x":")" + std::string(300'000, 'x') + "\"}";
  struct Row {
    std::string name;
    LocalIssuer::Handler handler;
    std::string error;
  };
  const std::string prefix = "the key set of " + issuer_.issuer() + ": ";
  const std::vector<Row> rows = {
      {"status 500",
       [&](const auto&, auto& r) {
         r.status = 500;
         r.set_content(good, "application/json");
       },
       prefix + "answered 500"},
      {"status 201",
       [&](const auto&, auto& r) {
         r.status = 201;
         r.set_content(good, "application/json");
       },
       prefix + "answered 201"},
      {"redirect", [&](const auto&, auto& r) { r.set_redirect("/elsewhere"); },
       prefix + "answered 302; redirects are not followed, so name the address it leads to"},
      {"garbage",
       [](const auto&, auto& r) {
         r.set_content(
             "\x7f"
             "ELF",
             "application/json");
       },
       "the key set is not JSON we take: at byte 0: expected a value"},
      {"a page", [](const auto&, auto& r) { r.set_content("<html>", "text/html"); },
       "the key set is not JSON we take: at byte 0: expected a value"},
      {"huge", [&](const auto&, auto& r) { r.set_content(huge, "application/json"); },
       prefix + "answered more than 262144 bytes"},
      {"huge, chunked",
       [&](const auto&, auto& r) {
         r.set_chunked_content_provider("application/json", [&](std::size_t, httplib::DataSink& sink) {
           return sink.write(huge.data(), huge.size());  // never ends
         });
       },
       prefix + "answered more than 262144 bytes"},
      {"compressed",
       [&](const auto&, auto& r) {
         r.set_header("Content-Encoding", "br");
         r.set_content(good, "application/json");
       },
       prefix + "answered in a compressed form"},
  };
  for (const Row& row : rows) {
    issuer_.on_jwks(row.handler);
    start();
    const auto verdict = ask(token("k"));
    ASSERT_FALSE(verdict) << row.name;
    EXPECT_EQ(verdict.refusal().failure, TokenFailure::keys_unavailable) << row.name;
    EXPECT_EQ(verifier_->status().front().last_error, row.error) << row.name;
  }
  issuer_.stop();  // its handlers use what stands above
}

TEST_F(VerifierFixture, WaitsNoLongerThanItsDeadlineForASilentIssuer) {
  const auto gate = std::make_shared<Gate>();
  issuer_.on_jwks([gate](const auto&, auto&) { gate->wait(); });
  options_.times.deadline = Millis(200);
  start();
  const auto verdict = ask(token("k"));
  gate->open();
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.refusal().failure, TokenFailure::keys_unavailable);
}

TEST_F(VerifierFixture, GivesUpOnAnIssuerThatDripsBytes) {
  issuer_.on_jwks([](const auto&, auto& response) {
    response.set_content_provider(100'000, "application/json", [](std::size_t, std::size_t, httplib::DataSink& sink) {
      std::this_thread::sleep_for(Millis(20));  // the attack, not a synchronisation
      return sink.write(" ", 1);
    });
  });
  options_.times.deadline = Millis(300);
  start();
  const auto verdict = ask(token("k"));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.refusal().failure, TokenFailure::keys_unavailable);
  verifier_.reset();  // ends although the server would drip on for half an hour
}

TEST_F(VerifierFixture, FetchesOnceHoweverManyWait) {
  const auto gate = std::make_shared<Gate>();
  const std::string document = jwks_document({key_.jwk("k")});
  issuer_.on_jwks([gate, document](const auto&, auto& response) {
    gate->wait();
    response.set_content(document, "application/json");
  });
  start();
  std::vector<std::future<TokenVerdict>> verdicts;
  for (int i = 0; i < 100; ++i) verdicts.push_back(begin(token("k", std::to_string(i))));
  gate->open();
  for (auto& verdict : verdicts) EXPECT_TRUE(settle(verdict));
  EXPECT_EQ(issuer_.fetches(), 1);
}

TEST_F(VerifierFixture, AnswersWhatStillWaitsWhenItEnds) {
  const auto gate = std::make_shared<Gate>();
  issuer_.on_jwks([gate](const auto&, auto&) { gate->wait(); });
  options_.times.deadline = Millis(60'000);
  start();
  auto pending = begin(token("k"));
  verifier_.reset();
  gate->open();
  const auto verdict = settle(pending);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.refusal().failure, TokenFailure::keys_unavailable);
}

TEST_F(VerifierFixture, VerifiesTheServerByItsCertificateAndName) {
  const TestCertificate good = make_certificate(folder_ / "good", "localhost");
  const TestCertificate misnamed = make_certificate(folder_ / "bad", "elsewhere.example");
  struct Row {
    const char* name;
    const TestCertificate& served;
    std::string ca_file;
    bool verifies;
  };
  for (const Row& row : std::vector<Row>{{"trusted and named so", good, good.certificate_file, true},
                                         {"not trusted", good, "", false},
                                         {"another's authority", good, misnamed.certificate_file, false},
                                         {"named otherwise", misnamed, misnamed.certificate_file, false}}) {
    LocalIssuer secure(row.served.certificate_file, row.served.key_file);
    secure.serve_jwks(jwks_document({key_.jwk("k")}));
    options_.ca_file = row.ca_file;
    start_with({trust("idp", secure.issuer(), JwksUri{secure.at("/jwks")})});
    EXPECT_EQ(static_cast<bool>(ask(token_of(secure.issuer(), "k"))), row.verifies)
        << row.name << ": " << verifier_->status().front().last_error;
    verifier_.reset();
  }
}

TEST_F(VerifierFixture, BelievesExactlyTheProvidersThatAreSet) {
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  const std::string good = token("k");
  EXPECT_TRUE(ask(good));
  EXPECT_EQ(ask(token_of("https://mallory.example", "k")).refusal().detail,
            "no provider has the issuer `https://mallory.example`");

  ProviderTrust same = trust("idp", issuer_.issuer(), JwksUri{issuer_.at("/jwks")});
  ASSERT_TRUE(verifier_->set_providers({same}));
  EXPECT_TRUE(ask(good));
  EXPECT_EQ(issuer_.fetches(), 1) << "the keys of a provider that stays are kept";

  same.audiences = {"somebody-else"};
  ASSERT_TRUE(verifier_->set_providers({same}));
  EXPECT_FALSE(ask(good)) << "a verdict seen before does not outlive the configuration";
  EXPECT_EQ(issuer_.fetches(), 1);

  ASSERT_TRUE(verifier_->set_providers({}));
  EXPECT_EQ(ask(good).refusal().failure, TokenFailure::invalid);
}

TEST_F(VerifierFixture, RefusesProvidersThatCouldNotBeBelieved) {
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  const ProviderTrust good = trust("a", "https://a.example", JwksFile{folder_ / "none"});
  const auto with = [&](auto change) {
    ProviderTrust changed = good;
    change(changed);
    return std::vector<ProviderTrust>{changed};
  };
  struct Row {
    std::vector<ProviderTrust> providers;
    std::string error;
  };
  ProviderTrust twin = good;
  twin.name = "b";
  ProviderTrust namesake = good;
  namesake.issuer = "https://b.example";
  for (const Row& row : std::vector<Row>{
           {with([](auto& p) { p.name = ""; }), "a provider without a name"},
           {with([](auto& p) { p.audiences = {}; }), "provider `a`: no audiences; name at least one"},
           {with([](auto& p) { p.algorithms = {}; }), "provider `a`: no algorithms; name at least one"},
           {{good, twin}, "provider `b`: its issuer is another provider's as well"},
           {{good, namesake}, "provider `a`: another provider has its name"},
           {with([](auto& p) { p.issuer = "http://a.example"; }),
            "provider `a`: issuer `http://a.example` is http on a host that is not this machine; write "
            "`https://host/path`"},
           {with([](auto& p) { p.jwks = JwksUri{"http://10.0.0.1/jwks"}; }),
            "provider `a`: key set `http://10.0.0.1/jwks` is http on a host that is not this machine; write "
            "`https://host/path`"},
           {with([](auto& p) { p.jwks = JwksUri{"https://user@a.example/jwks"}; }),
            "provider `a`: key set `https://user@a.example/jwks` has user information or a fragment; write "
            "`https://host/path`"},
       }) {
    const auto set = verifier_->set_providers(row.providers);
    ASSERT_FALSE(set) << row.error;
    EXPECT_EQ(set.error().message, row.error);
  }
  EXPECT_TRUE(ask(token("k"))) << "the previous providers stay";
}

TEST_F(VerifierFixture, ReadsAKeyFileAgainWhenItChanges) {
  const auto file = folder_ / "keys.json";
  const auto write = [&](std::string_view content) {
    const auto aside = folder_ / "aside";
    std::ofstream(aside, std::ios::trunc) << content;
    std::filesystem::rename(aside, file);
  };
  const TestKey next = TestKey::ed25519();
  start_with({trust("idp", issuer_.issuer(), JwksFile{file})});
  EXPECT_EQ(ask(token("k")).refusal().failure, TokenFailure::keys_unavailable) << "no file yet";
  write(jwks_document({key_.jwk("k")}));
  clock_.advance(seconds(1));
  const std::string old_token = token("k");
  EXPECT_TRUE(ask(old_token));
  write(jwks_document({next.jwk("k2")}));
  clock_.advance(seconds(1));
  EXPECT_FALSE(ask(old_token));
  const std::string new_token = token("k2", "rita", next, Algorithm::eddsa);
  EXPECT_TRUE(ask(new_token));

  write("garbage");
  clock_.advance(minutes(59));
  EXPECT_TRUE(ask(new_token)) << "the keys read last count on";
  EXPECT_EQ(verifier_->status().front().last_error,
            file.string() + ": the key set is not JSON we take: at byte 0: expected a value");
  clock_.advance(minutes(2));
  EXPECT_EQ(ask(new_token).refusal().failure, TokenFailure::keys_unavailable);
}

TEST_F(VerifierFixture, AcceptsTheDevelopmentIssuerWithItsKeysOnly) {
  const auto dev = daemon::DevIssuer::open(folder_ / "dev");
  ASSERT_TRUE(dev);
  const std::string minted = dev->mint(JsonValue::Object{{"aud", "portreeve"}, {"sub", "rita"}}, now(), seconds(60));
  // Whatever keys the policies name for it: those of --dev count.
  const auto file = folder_ / "mine.json";
  std::ofstream(file) << jwks_document({key_.jwk("k")});
  const ProviderTrust named = trust("dev", daemon::kDevIssuer, JwksFile{file});

  start_with({named});
  EXPECT_EQ(ask(minted).refusal().detail, "the development issuer is accepted with --dev only");
  EXPECT_EQ(ask(token_of(daemon::kDevIssuer, "k")).refusal().detail,
            "the development issuer is accepted with --dev only");

  options_.dev_keys = daemon::DevIssuer::keys_file(folder_ / "dev");
  start_with({named});
  EXPECT_TRUE(ask(minted));
  EXPECT_FALSE(ask(token_of(daemon::kDevIssuer, "k")));
  start_with({});
  EXPECT_FALSE(ask(minted)) << "with --dev too the policy set must name it";
}

TEST_F(VerifierFixture, SaysExpiredOnTheSecondEvenOfATokenSeenBefore) {
  issuer_.serve_jwks(jwks_document({key_.jwk("k")}));
  start();
  const std::string good = token("k");
  EXPECT_TRUE(ask(good));
  EXPECT_TRUE(settle(begin(good, now().plus(seconds(299)))));
  const auto late = settle(begin(good, now().plus(seconds(300))));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.refusal().failure, TokenFailure::expired);
}

TEST_F(VerifierFixture, StaysRightWhileKeysAndProvidersChangeUnderIt) {
  const TestKey other = TestKey::ed25519();
  const std::string one = jwks_document({key_.jwk("k")}), both = jwks_document({key_.jwk("k"), other.jwk("o")});
  issuer_.serve_jwks(one);
  start();
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0}, accepted{0};
  const std::string good = token("k"), forged = token("k", "rita", other, Algorithm::eddsa);
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      while (!stop) {
        const auto verdict = settle(begin(good));
        // Hours pass in milliseconds here, so that keys may grow too old while they are on their way.
        if (!verdict && verdict.refusal().failure != TokenFailure::keys_unavailable) ++wrong;
        if (verdict) ++accepted;
        if (settle(begin(forged))) ++wrong;
      }
    });
  }
  for (int round = 0; round < 40 || accepted < 200; ++round) {
    issuer_.serve_jwks(round % 2 == 0 ? both : one);
    clock_.advance(minutes(11));
    ProviderTrust changed = trust("idp", issuer_.issuer(), JwksUri{issuer_.at("/jwks")});
    if (round % 3 == 0) changed.audiences.push_back(std::to_string(round));
    ASSERT_TRUE(verifier_->set_providers({changed}));
  }
  stop = true;
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace portreeve::pdp
