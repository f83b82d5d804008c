// `/v1/decisions`: lists, counts, tails and files of the decision log.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "pdp/admin/endpoints.h"
#include "pdp/admin/record_csv.h"
#include "pdp/admin/record_json.h"
#include "pdp/admin/record_query.h"

namespace portreeve::pdp {
namespace {

using storage::Field;

constexpr std::uint64_t kPage = 1000;
constexpr std::uint64_t kUsualPage = 100;
constexpr std::size_t kValuesPerFacet = 20;
constexpr std::size_t kStretches = 300;
constexpr std::uint64_t kMostExported = 1'000'000;
constexpr std::size_t kExportPage = 1000;

storage::LogReader::Deadline deadline() { return std::chrono::steady_clock::now() + kCountingTime; }

const std::vector<Field> kFacetFields{
    Field::kind,    Field::decision, Field::reason, Field::action,   Field::resource_type, Field::host, Field::subject,
    Field::session, Field::tenant,   Field::rules,  Field::revision, Field::pep,           Field::event};

tl::unexpected<HttpResponse> unreadable(const Error& error) { return refuse(503, "log-unavailable", error.message); }

Step<AdminResponse> search(const AdminContext& context, const AdminCall& call) {
  constexpr std::string_view kOwn[] = {"after", "limit"};
  STEP(const auto filter, read_record_filter(call, kOwn));
  storage::PageRequest page;
  STEP(page.limit, read_number(call, "limit", 1, kPage, kUsualPage));
  if (call.query.contains("after")) {
    STEP(page.after, read_number(call, "after", 0, INT64_MAX, 0));
  }
  auto reader = context.readers.borrow();
  if (!reader) return unreadable(reader.error());
  const auto end = (*reader)->durable_end();
  if (!end) return unreadable(end.error());
  const auto found = (*reader)->search(filter, page);
  if (!found) return unreadable(found.error());
  return json_text_answer(fmt::format(R"({{"end":{}{},"records":{}}})", *end,
                                      found->next ? fmt::format(R"(,"next":{})", *found->next) : "",
                                      to_json(found->records)));
}

Step<AdminResponse> facets(const AdminContext& context, const AdminCall& call) {
  STEP(const auto filter, read_record_filter(call));
  auto reader = context.readers.borrow();
  if (!reader) return unreadable(reader.error());
  const auto counted = (*reader)->facets(filter, kFacetFields, kValuesPerFacet, deadline());
  if (!counted) return unreadable(counted.error());
  return json_answer(to_json(*counted));
}

Step<AdminResponse> histogram(const AdminContext& context, const AdminCall& call) {
  STEP(const auto filter, read_record_filter(call));
  auto reader = context.readers.borrow();
  if (!reader) return unreadable(reader.error());
  const auto counted = (*reader)->histogram(filter, kStretches, deadline());
  if (!counted) return unreadable(counted.error());
  return json_answer(to_json(*counted));
}

Step<AdminResponse> tail(const AdminContext& context, const AdminCall& asked) {
  constexpr std::string_view kOwn[] = {"since", "limit"};
  AdminCall call = asked;
  STEP(call.grant, context.authorizer.ask_or_recall(*call.visitor, call.reach, {"search", "decision-log"}));
  STEP(const auto filter, read_record_filter(call, kOwn));
  STEP(const std::uint64_t limit, read_number(call, "limit", 1, kPage, kUsualPage));
  auto reader = context.readers.borrow();
  if (!reader) return unreadable(reader.error());
  const auto end = (*reader)->durable_end();
  if (!end) return unreadable(end.error());
  STEP(const std::uint64_t since, read_number(call, "since", 0, INT64_MAX, *end));
  const auto page = (*reader)->follow(filter, since, limit, Millis{0});
  if (!page) return unreadable(page.error());
  return json_text_answer(fmt::format(R"({{"next":{},"records":{}}})", page->next, to_json(page->records)));
}

// The file of an export, a page of records at a time.
class Export {
 public:
  enum class Format : std::uint8_t { csv, jsonl };
  Export(std::shared_ptr<storage::LogReader> reader, storage::RecordFilter filter, Format format)
      : reader_(std::move(reader)), filter_(std::move(filter)), format_(format) {}

  // The next bytes; none at the end.
  tl::expected<std::string, std::string> next() {
    std::string out;
    if (!begun_ && format_ == Format::csv) out = csv_header();
    begun_ = true;
    if (ended_) return out;
    const auto page = reader_->search(filter_, {.after = after_, .limit = std::min(kExportPage, left_)});
    if (!page) return tl::unexpected(page.error().message);
    for (const storage::LoggedRecord& record : page->records) {
      out += format_ == Format::csv ? csv_row(record) : record.bytes + "\n";
    }
    left_ -= page->records.size();
    after_ = page->next;
    ended_ = !page->next || left_ == 0;
    return out;
  }

 private:
  const std::shared_ptr<storage::LogReader> reader_;
  const storage::RecordFilter filter_;
  const Format format_;
  std::optional<std::uint64_t> after_;
  std::size_t left_ = kMostExported;
  bool begun_ = false;
  bool ended_ = false;
};

Step<AdminResponse> export_file(const AdminContext& context, const AdminCall& call) {
  constexpr std::string_view kOwn[] = {"format"};
  STEP(auto filter, read_record_filter(call, kOwn));
  const auto format = call.query.find("format");
  if (format == call.query.end() || (format->second != "csv" && format->second != "jsonl")) {
    return refuse(400, "bad-request", "`format` is `csv` or `jsonl`", "format");
  }
  const bool csv = format->second == "csv";
  auto reader = context.readers.open_for_export();
  if (!reader) return refuse(503, "overloaded", reader.error().message);
  JsonValue asked{JsonValue::Object{}};
  for (const auto& [name, value] : call.query) asked.set(name, value);
  context.parts.notes.note({.actor = call.visitor->principal.id,
                            .action = "decision-log.export",
                            .target = call.grant.tenant.value_or("*"),
                            .detail = std::move(asked)});
  AdminResponse answer;
  answer.headers = {{"Content-Type", csv ? "text/csv; charset=utf-8" : "application/jsonl"},
                    {"Content-Disposition", fmt::format("attachment; filename=\"decisions.{}\"", format->second)}};
  const auto file = std::make_shared<Export>(*std::move(reader), std::move(filter),
                                             csv ? Export::Format::csv : Export::Format::jsonl);
  answer.stream = [file] { return file->next(); };
  return answer;
}

}  // namespace

std::vector<AdminRoute> decision_routes() {
  using For = AdminRoute::For;
  const std::vector<Wish> searching{{"search", "decision-log"}};
  return {
      {"GET", "/v1/decisions", For::visitors, searching, search},
      {"GET", "/v1/decisions/facets", For::visitors, searching, facets},
      {"GET", "/v1/decisions/histogram", For::visitors, searching, histogram},
      {"GET", "/v1/decisions/tail", For::visitors, {}, tail},
      {"GET", "/v1/decisions/export", For::visitors, {{"export", "decision-log"}}, export_file},
  };
}

}  // namespace portreeve::pdp
