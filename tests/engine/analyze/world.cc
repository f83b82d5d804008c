#include "tests/engine/analyze/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "engine/load/load.h"
#include "engine/reader/json_reader.h"
#include "engine/reader/request_reader.h"

namespace portreeve::analyze {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

World::World() : World(file_text(PORTREEVE_SOURCE_DIR "/tests/engine/analyze/world.yaml")) {}

World::World(std::string yaml) : files_{{"world.yaml", std::move(yaml)}} {
  const load::LoadResult loaded = load::load(files_);
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == Severity::error) ADD_FAILURE() << to_text(diagnostic);
  }
  if (loaded.set != nullptr) snapshot_ = compile::compile(loaded.set);
}

wire::Request World::request(const What& what, const Asker& asker) const {
  const std::string properties = what.properties.empty() ? "" : R"(, "properties": )" + what.properties;
  const auto body =
      reader::parse_json(fmt::format(R"({{"subject": {{"type": "user", "id": "idp/{}"}}, "action": {{"name": "{}"}},
                      "resource": {{"type": "{}", "id": "{}"{}}}}})",
                                     asker.sub, what.action, what.type, what.id, properties));
  if (!body) {
    ADD_FAILURE() << body.error().message;
    return {};
  }
  auto question = reader::read_question(*body);
  if (!question) {
    ADD_FAILURE() << question.error().field << ": " << question.error().message;
    return {};
  }
  wire::Request& request = question->request;
  request.time = *Timestamp::parse("2026-11-25T12:00:00Z");
  request.identity_failure = asker.failure;
  request.principal.type = "user";
  request.principal.id = "idp/" + asker.sub;
  request.principal.provider = "idp";
  if (!asker.asserted) {
    request.principal.assurance = wire::Assurance::verified;
    request.principal.claims = *reader::parse_json(asker.claims);
    if (asker.roles) request.principal.session.emplace().roles = asker.roles;
  }
  return std::move(request);
}

World::What connect(const std::string& host, int port, const std::string& addresses, const std::string& more) {
  return {"egress.connect", "endpoint", fmt::format("{}:{}", host, port),
          fmt::format(R"({{"protocol": "tls", "addresses": [{}]{}}})", addresses, more)};
}

}  // namespace portreeve::analyze
