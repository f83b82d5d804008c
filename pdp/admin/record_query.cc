#include "pdp/admin/record_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/text.h"

namespace portreeve::pdp {
namespace {

using storage::RecordFilter;

struct TextParameter {
  std::string_view name;
  std::optional<std::string> RecordFilter::*field;
};
constexpr std::array kTexts = std::to_array<TextParameter>({{"reason", &RecordFilter::reason},
                                                            {"action", &RecordFilter::action},
                                                            {"resourceType", &RecordFilter::resource_type},
                                                            {"resource", &RecordFilter::resource},
                                                            {"host", &RecordFilter::host},
                                                            {"subject", &RecordFilter::subject},
                                                            {"session", &RecordFilter::session},
                                                            {"tenant", &RecordFilter::tenant},
                                                            {"rule", &RecordFilter::rule},
                                                            {"revision", &RecordFilter::revision},
                                                            {"pep", &RecordFilter::pep},
                                                            {"event", &RecordFilter::event},
                                                            {"id", &RecordFilter::decision_id},
                                                            {"text", &RecordFilter::text}});

tl::unexpected<HttpResponse> bad(std::string_view name, std::string_view why) {
  return refuse(400, "bad-request", fmt::format("`{}`: {}", printable(name), why), printable(name));
}

Step<bool> read_one(std::string_view name, const std::string& value, RecordFilter& filter) {
  if (value.empty()) return bad(name, "it is empty; leave it out to ask for all");
  if (const auto text = std::ranges::find(kTexts, name, &TextParameter::name); text != kTexts.end()) {
    if (name == "text" && value.size() < kLeastText) return bad(name, "it has at least three characters");
    filter.*(text->field) = value;
    return true;
  }
  if (name == "from" || name == "until") {
    const auto time = Timestamp::parse(value);
    if (!time) return bad(name, time.error().message);
    (name == "from" ? filter.from : filter.until) = *time;
    return true;
  }
  if (name == "kind") {
    filter.kind = wire::record_kind_from_text(value);
    if (!filter.kind) return bad(name, "one of `decision`, `outcome`, `use`, `refusal`, `admin`");
    return true;
  }
  if (name == "decision") {
    if (value != "allow" && value != "deny") return bad(name, "`allow` or `deny`");
    filter.decision = value == "allow";
    return true;
  }
  if (name == "administration") {
    if (value != "hide") return bad(name, "`hide`, or leave it out");
    filter.other_than_pep = kAdminPep;
    return true;
  }
  return bad(name, "there is no such parameter");
}

}  // namespace

Step<RecordFilter> read_record_filter(const AdminCall& call, std::span<const std::string_view> others) {
  RecordFilter filter;
  for (const auto& [name, value] : call.query) {
    if (std::ranges::find(others, name) != others.end()) continue;
    STEP([[maybe_unused]] const bool read, read_one(name, value, filter));
  }
  if (call.grant.tenant) {
    if (filter.tenant && !call.grant.covers(filter.tenant)) return other_tenant(call.grant);
    filter.tenant = call.grant.tenant;
  }
  return filter;
}

Step<std::uint64_t> read_number(const AdminCall& call, std::string_view name, std::uint64_t least, std::uint64_t most,
                                std::uint64_t otherwise) {
  const auto given = call.query.find(name);
  if (given == call.query.end()) return otherwise;
  const std::string& text = given->second;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) {
    return bad(name, fmt::format("a whole number from {} to {}", least, most));
  }
  return number;
}

}  // namespace portreeve::pdp
