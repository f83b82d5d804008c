// What credentials exist and how they may be spent. Never their values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/base/time.h"
#include "engine/model/source.h"
#include "engine/pattern/pattern.h"
#include "engine/wire/request.h"
#include "engine/wire/upstream_url.h"

namespace portreeve::model {

enum class ModelApi : std::uint8_t { none, anthropic, openai };

struct InjectHeader {
  std::string header;
};
struct InjectBearer {};
struct InjectBasic {
  std::string user;
};
struct InjectQuery {
  std::string parameter;
};
struct InjectSigV4 {
  std::string service, region;
};
using Injection = std::variant<InjectHeader, InjectBearer, InjectBasic, InjectQuery, InjectSigV4>;

struct Secret : Document {
  std::optional<std::string> route;  // canonical absolute path
  ModelApi api = ModelApi::none;
  std::optional<std::string> source_file;  // one name under the broker's secret folder
  Injection inject;
  std::vector<wire::UpstreamUrl> upstreams;
};

struct SecretRule : RuleHeader {
  std::optional<std::vector<Reference>> secrets;  // absent only on a deny rule, where absent is any secret
  std::optional<std::vector<wire::SecretUse>> uses;
  std::optional<std::vector<std::string>> methods;
  std::optional<std::vector<pattern::Pattern>> paths;
  std::optional<std::vector<pattern::Pattern>> models;
  std::optional<std::int64_t> requests_per_minute;
  std::optional<Seconds> lease_ttl;
};

struct SecretPolicy : PolicyHeader {
  std::vector<SecretRule> rules;
};

}  // namespace portreeve::model
