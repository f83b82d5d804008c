#include "tests/tools/substrate/fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/load/load.h"

namespace portreeve::substrate {
namespace {

constexpr char kFolder[] = PORTREEVE_SOURCE_DIR "/tests/tools/substrate/";

}  // namespace

std::string file_text(const std::string& path) {
  std::ifstream in(kFolder + path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::shared_ptr<const model::CheckedPolicySet> sample_policies() {
  const auto result = load::load({{"policies.yaml", file_text("golden/policies.yaml")}});
  for (const Diagnostic& diagnostic : result.diagnostics) {
    EXPECT_EQ(diagnostic.severity, Severity::warning) << to_text(diagnostic);
  }
  EXPECT_NE(result.set, nullptr);
  return result.set;
}

Deployment deployment_of(const std::string& text) {
  auto result = read_deployment({"deployment.yaml", text});
  for (const Diagnostic& diagnostic : result.diagnostics) ADD_FAILURE() << to_text(diagnostic);
  return result.deployment.value_or(Deployment{});
}

Deployment sample_deployment() { return deployment_of(file_text("golden/deployment.yaml")); }

void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = "golden/" + name;
  if (std::getenv("PORTREEVE_UPDATE") != nullptr) std::ofstream(kFolder + path, std::ios::binary) << text;
  EXPECT_EQ(file_text(path), text) << path << " differs; read the difference, then run with PORTREEVE_UPDATE=1";
}

}  // namespace portreeve::substrate
