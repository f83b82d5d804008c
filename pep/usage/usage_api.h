// Which of a model API's paths answers with what usage.
#pragma once

#include <string_view>

#include "engine/wire/usage_event.h"

namespace portreeve::pep {

// How the answer to this request is read. `secret_api`: the Secret's (`anthropic`, `openai`, `none`); `path`: the
// normalised path, without the route. Paths that the provider does not charge for (lists of models, counting tokens)
// are UsageApi::none; an unfamiliar path is read like its nearest, and leaves usage unknown where it holds none.
wire::UsageApi usage_api_of(std::string_view secret_api, std::string_view path);

// What an event calls the provider: `anthropic` or `openai` where the upstream's host is theirs, else the host.
std::string_view provider_of(std::string_view host);

}  // namespace portreeve::pep
