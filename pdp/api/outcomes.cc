#include <fmt/format.h>

#include <set>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/api/endpoints.h"

namespace portreeve::pdp {
namespace {

constexpr std::size_t kMostRecords = 1024;
constexpr std::size_t kMostTextBytes = 1024;
constexpr std::int64_t kMostCount = std::int64_t{1} << 53;

using Failure = tl::unexpected<reader::Problem>;

Failure problem(std::string field, std::string message) {
  return Failure(reader::Problem{std::move(field), std::move(message)});
}

// Reads the members of one reported record, and remembers the first that is wrong.
class Members {
 public:
  Members(const JsonValue& object, std::string pointer) : object_(object), pointer_(std::move(pointer)) {}

  std::string text(std::string_view key) {
    const JsonValue* value = object_.find(key);
    if (value == nullptr) return {};
    const std::string* text = value->as_string();
    if (text == nullptr || text->size() > kMostTextBytes) refuse(key, "is a string of at most 1024 bytes");
    return text == nullptr ? std::string() : *text;
  }
  std::optional<std::int64_t> count(std::string_view key) {
    const JsonValue* value = object_.find(key);
    if (value == nullptr) return std::nullopt;
    const std::int64_t* number = value->as_int();
    if (number == nullptr || *number < 0 || *number > kMostCount) {
      refuse(key, "is a whole number from 0 to 2^53");
      return std::nullopt;
    }
    return *number;
  }
  const JsonValue* find(std::string_view key) const { return object_.find(key); }
  void refuse(std::string_view key, std::string_view why) {
    if (!problem_) problem_ = reader::Problem{fmt::format("{}/{}", pointer_, key), fmt::format("`{}` {}", key, why)};
  }
  const std::optional<reader::Problem>& problem() const { return problem_; }

 private:
  const JsonValue& object_;
  const std::string pointer_;
  std::optional<reader::Problem> problem_;
};

std::optional<wire::RecordKind> reported_kind(std::string_view text) {
  const auto kind = wire::record_kind_from_text(text);
  const bool reported =
      kind == wire::RecordKind::outcome || kind == wire::RecordKind::use || kind == wire::RecordKind::refusal;
  return reported ? kind : std::nullopt;
}

// A refusal says itself what was asked for; an outcome names the decision that does.
void read_target(Members& members, const JsonValue& object, wire::OutcomeRecord& record) {
  record.session = members.text("session");
  record.action = members.text("action");
  const std::string host = members.text("host");
  const auto port = members.count("port");
  if (host.empty()) return;
  wire::RecordResource resource;
  resource.type = "endpoint";
  resource.id =
      port ? fmt::format("{}:{}", host.find(':') == std::string::npos ? host : "[" + host + "]", *port) : host;
  resource.properties = wire::recordable_properties(wire::kEgressConnect, object);
  record.resource = std::move(resource);
}

tl::expected<wire::OutcomeRecord, reader::Problem> read_record(const JsonValue& value, const std::string& pointer) {
  if (value.as_object() == nullptr) return problem(pointer, "a record is an object");
  Members members(value, pointer);
  wire::OutcomeRecord record;
  const auto kind = reported_kind(members.text("kind"));
  if (!kind) members.refuse("kind", "is one of `outcome`, `use`, `refusal`");
  record.kind = kind.value_or(wire::RecordKind::refusal);
  record.seq = members.count("seq").value_or(0);
  if (record.seq < 1) members.refuse("seq", "is a whole number from 1");
  const auto time = Timestamp::parse(members.text("time"));
  if (!time) members.refuse("time", "is an RFC 3339 time with a zone");
  if (time) record.time = *time;
  record.decision_id = members.text("decision");
  if ((record.kind == wire::RecordKind::refusal) != record.decision_id.empty()) {
    members.refuse("decision", "is named by an outcome and a use, and by no refusal");
  }
  record.result = members.text("result");
  record.event = members.text("event");
  if (record.event.empty()) record.event = record.result;  // where a gate says only how it ended, that is what happened
  record.reason = members.text("reason");
  if (!record.reason.empty() && !wire::reason_from_code(record.reason))
    members.refuse("reason", "is one of the fixed codes");
  record.address = members.text("address");
  record.bytes_in = members.count("bytesIn");
  record.bytes_out = members.count("bytesOut");
  record.duration_millis = members.count("durationMs");
  record.exit_status = members.count("exitStatus");
  record.signal = members.count("signal");
  record.uses = members.count("uses");
  record.lost = members.count("lost");
  record.trace = members.text("trace");
  if (record.kind == wire::RecordKind::refusal) read_target(members, value, record);
  if (members.problem()) return Failure(*members.problem());
  return record;
}

struct Report {
  std::string boot;
  std::vector<wire::OutcomeRecord> records;
};

bool is_boot_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

tl::expected<Report, reader::Problem> read_report(const JsonValue& body) {
  Report report;
  const JsonValue* boot = body.find("boot");
  if (boot == nullptr || boot->as_string() == nullptr || !is_boot_id(*boot->as_string())) {
    return problem("/boot", "`boot` is 32 lower-case hexadecimal digits, new at each start of the gate");
  }
  report.boot = *boot->as_string();
  const JsonValue* records = body.find("records");
  const JsonValue::Array* list = records == nullptr ? nullptr : records->as_array();
  if (list == nullptr || list->empty() || list->size() > kMostRecords) {
    return problem("/records", fmt::format("`records` is a list of 1 to {} records", kMostRecords));
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string pointer = fmt::format("/records/{}", i);
    auto record = read_record((*list)[i], pointer);
    if (!record) return Failure(std::move(record).error());
    if (!report.records.empty() && record->seq <= report.records.back().seq) {
      return problem(pointer + "/seq", "`seq` rises from record to record");
    }
    report.records.push_back(*std::move(record));
  }
  return report;
}

std::string receipt(const std::string& boot, const storage::OutcomeReceipt& taken) {
  JsonValue answer{JsonValue::Object{}};
  answer.set("boot", boot);
  answer.set("acknowledged", taken.last_seq);
  JsonValue::Array refused;
  for (const auto& one : taken.refused) refused.emplace_back(JsonValue::Object{{"seq", one.seq}, {"why", one.why}});
  if (!refused.empty()) answer.set("refused", std::move(refused));
  return to_canonical_json(answer);
}

}  // namespace

void answer_outcomes(const ApiParts& parts, const Caller& caller, HttpRequest request, Responder responder) {
  const auto body = reader::parse_json(request.body());
  if (!body) return responder.respond(problem_response(400, "bad-request", body.error().message));
  auto report = read_report(*body);
  if (!report)
    return responder.respond(problem_response(400, "bad-request", report.error().message, report.error().field));
  for (wire::OutcomeRecord& record : report->records) {
    record.gate = caller.name;
    record.boot = report->boot;
    record.received = parts.clock.now();
    record.source = parts.source;
  }
  auto shared = std::make_shared<Responder>(std::move(responder));
  const bool queued = parts.disk.add([&parts, shared, report = *std::move(report)]() mutable {
    parts.log.report(std::move(report.records), [shared, boot = report.boot](Result<storage::OutcomeReceipt> taken) {
      if (!taken) return shared->respond(failure_response(ServiceFailure::audit_unavailable));
      shared->respond(json_response(200, receipt(boot, *taken)));
    });
  });
  if (!queued) shared->respond(problem_response(503, "overloaded", "too many reports are waiting; try again"));
}

HttpResponse metrics_text(daemon::Metrics& metrics) {
  return {200, {{"Content-Type", "text/plain; version=0.0.4"}}, metrics.exposition()};
}

}  // namespace portreeve::pdp
