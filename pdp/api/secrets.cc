#include <algorithm>
#include <vector>

#include "engine/compile/snapshot.h"
#include "pdp/api/endpoints.h"

namespace portreeve::pdp {
namespace {

std::string_view to_text(model::ModelApi api) {
  switch (api) {
    case model::ModelApi::anthropic:
      return "anthropic";
    case model::ModelApi::openai:
      return "openai";
    case model::ModelApi::none:
      return "none";
  }
  return "none";
}

JsonValue to_json(const model::Injection& injection) {
  struct Visitor {
    JsonValue operator()(const model::InjectHeader& with) { return JsonValue::Object{{"header", with.header}}; }
    JsonValue operator()(const model::InjectBearer&) { return JsonValue::Object{{"bearer", JsonValue::Object{}}}; }
    JsonValue operator()(const model::InjectBasic& with) {
      return JsonValue::Object{{"basic", JsonValue::Object{{"user", with.user}}}};
    }
    JsonValue operator()(const model::InjectQuery& with) { return JsonValue::Object{{"query", with.parameter}}; }
    JsonValue operator()(const model::InjectSigV4& with) {
      return JsonValue::Object{{"sigv4", JsonValue::Object{{"service", with.service}, {"region", with.region}}}};
    }
  };
  return std::visit(Visitor{}, injection);
}

JsonValue to_json(const model::Secret& secret) {
  JsonValue json =
      JsonValue::Object{{"name", secret.name}, {"api", to_text(secret.api)}, {"inject", to_json(secret.inject)}};
  if (secret.route) json.set("route", *secret.route);
  if (secret.source_file) json.set("source", JsonValue::Object{{"file", *secret.source_file}});
  JsonValue::Array upstreams;
  for (const wire::UpstreamUrl& upstream : secret.upstreams) upstreams.emplace_back(upstream.to_string());
  json.set("upstreams", std::move(upstreams));
  return json;
}

// RFC 9110 §13.1.2: one of a list of tags, or any. Weak ones compare like strong ones.
bool matches(std::string_view if_none_match, std::string_view tag) {
  return if_none_match == "*" || if_none_match.find(tag) != std::string_view::npos;
}

}  // namespace

HttpResponse secrets_document(const ApiParts& parts, const HttpRequest& request) {
  const auto snapshot = parts.snapshots.load();
  if (snapshot == nullptr) return failure_response(ServiceFailure::not_ready);
  const std::string tag = "\"" + snapshot->revision() + "\"";
  HttpResponse response;
  if (matches(request.header("If-None-Match").value_or(""), tag)) {
    response.status = 304;
  } else {
    std::vector<const model::Secret*> secrets;
    for (const model::Secret& secret : snapshot->documents().secrets) secrets.push_back(&secret);
    std::ranges::sort(secrets, {}, &model::Secret::name);
    JsonValue::Array list;
    for (const model::Secret* secret : secrets) list.push_back(to_json(*secret));
    response = json_response(
        200, to_canonical_json(JsonValue::Object{{"revision", snapshot->revision()}, {"secrets", std::move(list)}}));
  }
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

}  // namespace portreeve::pdp
