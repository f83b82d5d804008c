// Which headers pass the broker, in each direction.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pep/broker/needles.h"
#include "pep/http/request_head.h"
#include "pep/http/response_head.h"

namespace portreeve::pep {

// The workload's headers that go upstream: those on the list, less what `Connection` names, the framing, what holds
// `token`, and `replaced` (where the credential goes; lower case). docs/broker.md has the list.
std::vector<Field> passed_to_upstream(const RequestHead& head, std::string_view token, std::string_view replaced);

// The upstream's headers that go to the workload: those on the list, less what `Connection` names and what is not
// printable ASCII, each scrubbed. Never cookies, nor anything that could pass for the broker's own word.
std::vector<Field> passed_to_workload(const ResponseHead& head, const std::shared_ptr<const Needles>& needles);

}  // namespace portreeve::pep
