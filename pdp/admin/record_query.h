// The parameters of the decision log's paths as a filter, cut down to what was granted.
#pragma once

#include <span>
#include <string_view>

#include "pdp/admin/endpoints.h"
#include "storage/log/record_filter.h"

namespace portreeve::pdp {

// Of the shortest part of a text that is looked for: below that nearly everything matches.
inline constexpr std::size_t kLeastText = 3;

// Reads them; `others` are parameters that the path reads itself. 400 for an unknown or malformed one; 403
// `other-tenant` where another tenant than the granted one is named. Total over any query that parse_form() takes.
Step<storage::RecordFilter> read_record_filter(const AdminCall& call, std::span<const std::string_view> others = {});
// A whole number among the parameters, from `least` to `most`; `otherwise` where it is absent.
Step<std::uint64_t> read_number(const AdminCall& call, std::string_view name, std::uint64_t least, std::uint64_t most,
                                std::uint64_t otherwise);

}  // namespace portreeve::pdp
