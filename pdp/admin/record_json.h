// Records as the admin API shows them.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json_value.h"
#include "storage/log/log_reader.h"
#include "storage/log/record_filter.h"

namespace portreeve::pdp {

// `{"index":N,"record":{…}}`, the record's bytes as they are stored; one that is no JSON is `{"unreadable":true}`.
std::string to_json(const storage::LoggedRecord& record);
// A list of them.
std::string to_json(const std::vector<storage::LoggedRecord>& records);

JsonValue to_json(const storage::Facets& facets);
JsonValue to_json(const storage::Histogram& histogram);

}  // namespace portreeve::pdp
