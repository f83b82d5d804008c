#include "pep/usage/usage_api.h"

namespace portreeve::pep {
namespace {

// The segments of a path from the end: `/v1/messages/count_tokens` ends with `/count_tokens`.
bool ends_with(std::string_view path, std::string_view tail) {
  return path.size() >= tail.size() && path.substr(path.size() - tail.size()) == tail;
}

// `…/models` and `…/models/NAME`; not `…/models/NAME:generate`.
bool lists_models(std::string_view path) {
  if (ends_with(path, "/models")) return true;
  const std::size_t last = path.rfind('/');
  return last != std::string_view::npos && ends_with(path.substr(0, last), "/models") &&
         path.find(':', last) == std::string_view::npos;
}

bool is_or_is_below(std::string_view host, std::string_view domain) {
  if (!ends_with(host, domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace

wire::UsageApi usage_api_of(std::string_view secret_api, std::string_view path) {
  if (secret_api == "anthropic") {
    const bool free = lists_models(path) || ends_with(path, "/messages/count_tokens");
    return free ? wire::UsageApi::none : wire::UsageApi::anthropic_messages;
  }
  if (secret_api == "openai") {
    if (lists_models(path)) return wire::UsageApi::none;
    return ends_with(path, "/responses") ? wire::UsageApi::openai_responses : wire::UsageApi::openai_chat;
  }
  return wire::UsageApi::none;
}

std::string_view provider_of(std::string_view host) {
  if (is_or_is_below(host, "anthropic.com")) return "anthropic";
  if (is_or_is_below(host, "openai.com")) return "openai";
  return host;
}

}  // namespace portreeve::pep
