// A verifier, an issuer it believes and a clock that stands still.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "pdp/identity/token_verifier.h"
#include "tests/pdp/identity/local_issuer.h"
#include "tests/pdp/identity/test_keys.h"

namespace portreeve::pdp {

struct TestCertificate {
  std::string certificate_file, key_file;
};

// A self-signed certificate for one DNS name, and its key, in PEM beside each other.
inline TestCertificate make_certificate(const std::filesystem::path& stem, const std::string& name) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_EXTENSION* authority = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
  X509_add_ext(certificate, authority, -1);
  X509_EXTENSION_free(authority);
  CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  TestCertificate files{stem.string() + ".crt", stem.string() + ".key"};
  std::FILE* out = std::fopen(files.certificate_file.c_str(), "w");
  CHECK(out != nullptr && PEM_write_X509(out, certificate) == 1);
  std::fclose(out);
  out = std::fopen(files.key_file.c_str(), "w");
  CHECK(out != nullptr && PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

class VerifierFixture : public testing::Test {
 protected:
  VerifierFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "portreeve-verifier-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~VerifierFixture() override {
    verifier_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Timestamp now() { return Timestamp::from_unix(1'795'000'000); }

  static ProviderTrust trust(std::string name, std::string issuer, JwksPlace jwks) {
    return {std::move(name), std::move(issuer), {"portreeve"}, {Algorithm::eddsa, Algorithm::es256}, std::move(jwks)};
  }
  void start() { start(JwksUri{issuer_.at("/jwks")}); }
  void start(JwksPlace place) { start_with({trust("idp", issuer_.issuer(), std::move(place))}); }
  void start_with(const std::vector<ProviderTrust>& providers) {
    verifier_ = std::make_unique<TokenVerifier>(options_, clock_);
    const auto set = verifier_->set_providers(providers);
    ASSERT_TRUE(set) << set.error().message;
  }

  std::string token(std::string_view kid, std::string_view subject = "rita") const {
    return token_of(issuer_.issuer(), kid, subject);
  }
  std::string token_of(std::string_view issuer, std::string_view kid, std::string_view subject = "rita") const {
    return signed_token(issuer, kid, subject, key_, Algorithm::eddsa);
  }
  std::string token(std::string_view kid, std::string_view subject, const TestKey& key, Algorithm algorithm) const {
    return signed_token(issuer_.issuer(), kid, subject, key, algorithm);
  }

  std::future<TokenVerdict> begin(const std::string& token, Timestamp at = now()) {
    auto promise = std::make_shared<std::promise<TokenVerdict>>();
    auto verdict = promise->get_future();
    verifier_->verify(token, at, [promise](TokenVerdict settled) { promise->set_value(std::move(settled)); });
    return verdict;
  }
  static TokenVerdict settle(std::future<TokenVerdict>&& verdict) { return settle(verdict); }
  static TokenVerdict settle(std::future<TokenVerdict>& verdict) {
    if (verdict.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
      ADD_FAILURE() << "a verification was never answered";
      return TokenRefusal{};
    }
    return verdict.get();
  }
  TokenVerdict ask(const std::string& token) { return settle(begin(token)); }

  std::filesystem::path folder_;
  const TestKey key_ = TestKey::ed25519();
  LocalIssuer issuer_;
  daemon::ManualClock clock_{now()};
  TokenVerifier::Options options_;
  std::unique_ptr<TokenVerifier> verifier_;

 private:
  static std::string signed_token(std::string_view issuer, std::string_view kid, std::string_view subject,
                                  const TestKey& key, Algorithm algorithm) {
    return make_token(key, algorithm, fmt::format(R"({{"alg":"{}","kid":"{}"}})", name_of(algorithm), kid),
                      fmt::format(R"({{"iss":"{}","aud":"portreeve","sub":"{}","exp":{}}})", issuer, subject,
                                  now().plus(Seconds{300}).unix_seconds()));
  }
};

}  // namespace portreeve::pdp
