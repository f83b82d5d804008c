#include "accounting/ledger/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "engine/base/json_value.h"
#include "engine/reader/json_reader.h"

namespace portreeve::accounting {
namespace {

constexpr int kSchemaVersion = 1;
constexpr int kBusyMillis = 10'000;

constexpr char kSchema[] = R"(
CREATE TABLE price_books (
  id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, text BLOB NOT NULL, loaded INTEGER NOT NULL);
CREATE TABLE calls (
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, gate TEXT NOT NULL, decision TEXT NOT NULL, session TEXT NOT NULL,
  subject TEXT NOT NULL, tenant TEXT NOT NULL, secret TEXT NOT NULL, provider TEXT NOT NULL, api INTEGER NOT NULL,
  model TEXT NOT NULL, billed_model TEXT NOT NULL, answered_model TEXT NOT NULL, response_id TEXT NOT NULL,
  service_tier TEXT NOT NULL, stream INTEGER NOT NULL, kind INTEGER NOT NULL, status INTEGER NOT NULL,
  outcome INTEGER NOT NULL, certainty INTEGER NOT NULL, duration INTEGER NOT NULL, key TEXT NOT NULL,
  input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL,
  input_audio INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL, output_audio INTEGER NOT NULL,
  tools TEXT NOT NULL, tags TEXT NOT NULL, figures_from INTEGER NOT NULL, sources INTEGER NOT NULL,
  disputed INTEGER NOT NULL, price_state INTEGER NOT NULL, cost INTEGER NOT NULL, price_row TEXT NOT NULL,
  why_unpriced TEXT NOT NULL, price_book INTEGER REFERENCES price_books(id));
CREATE INDEX calls_time ON calls (time, id);
CREATE INDEX calls_response ON calls (response_id, sources) WHERE response_id <> '';
CREATE INDEX calls_unpriced ON calls (id) WHERE price_state = 2;
CREATE TABLE events (
  id INTEGER PRIMARY KEY, call INTEGER NOT NULL REFERENCES calls(id), source INTEGER NOT NULL, key TEXT NOT NULL,
  kind INTEGER NOT NULL, repeated INTEGER NOT NULL, standing INTEGER NOT NULL, received INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE UNIQUE INDEX events_once ON events (key, source, kind) WHERE repeated = 0;
CREATE UNIQUE INDEX events_repeated ON events (key, source, kind, body) WHERE repeated = 1;
CREATE INDEX events_call ON events (call);
)";

// SQLite makes files with 0644; who calls which model is nobody else's business.
void make_private(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) ::close(descriptor);
}

std::string tools_text(const std::map<std::string, std::int64_t>& tools) {
  if (tools.empty()) return {};
  JsonValue out{JsonValue::Object{}};
  for (const auto& [tool, count] : tools) out.set(tool, count);
  return to_canonical_json(out);
}

JsonValue read_object(const std::string& text) {
  if (text.empty()) return {};
  auto value = reader::parse_json(text);
  return value ? *std::move(value) : JsonValue();
}

}  // namespace

const char* const kCallColumns =
    "time, gate, decision, session, subject, tenant, secret, provider, api, model, billed_model, answered_model, "
    "response_id, service_tier, stream, kind, status, outcome, certainty, duration, key, input, cache_read, "
    "cache_write_5m, cache_write_1h, input_audio, output, reasoning, output_audio, tools, tags, figures_from, sources, "
    "disputed, price_state, cost, price_row, why_unpriced, price_book";

std::unique_ptr<SQLite::Database> open_ledger_writable(const std::string& path) {
  make_private(path);
  auto database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusyMillis);
  database->exec("PRAGMA journal_mode=WAL");
  database->exec("PRAGMA synchronous=FULL");  // a commit that was acknowledged outlives the machine
  database->exec("PRAGMA wal_autocheckpoint=8000");
  database->exec("PRAGMA cache_size=-65536");
  const int version = database->execAndGet("PRAGMA user_version").getInt();
  if (version > kSchemaVersion) throw std::runtime_error("the ledger was written by a later version");
  if (version == 0) {
    SQLite::Transaction transaction(*database);
    database->exec(kSchema);
    database->exec("PRAGMA user_version=" + std::to_string(kSchemaVersion));
    transaction.commit();
  }
  return database;
}

std::unique_ptr<SQLite::Database> open_ledger_read_only(const std::string& path) {
  return std::make_unique<SQLite::Database>(path, SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, kBusyMillis);
}

std::string tags_text(const std::map<std::string, std::string>& tags) {
  if (tags.empty()) return {};
  JsonValue out{JsonValue::Object{}};
  for (const auto& [key, value] : tags) out.set(key, value);
  return to_canonical_json(out);
}

void bind_call(SQLite::Statement& statement, int first, const Call& call, std::int64_t book) {
  int at = first;
  const auto text = [&](const std::string& value) { statement.bindNoCopy(at++, value); };
  const auto copied = [&](const std::string& value) { statement.bind(at++, value); };
  const auto number = [&](std::int64_t value) { statement.bind(at++, value); };
  const wire::UsageEvent& event = call.event;
  number(event.time.unix_millis());
  for (const std::string* value :
       {&event.gate, &event.decision, &event.session, &event.subject, &event.tenant, &event.secret, &event.provider}) {
    text(*value);
  }
  number(static_cast<std::int64_t>(event.api));
  for (const std::string* value :
       {&event.model, &billed_model(event), &event.answered_model, &event.response_id, &event.service_tier}) {
    text(*value);
  }
  number(event.stream ? 1 : 0);
  number(static_cast<std::int64_t>(event.kind));
  number(event.status);
  number(static_cast<std::int64_t>(event.outcome));
  number(static_cast<std::int64_t>(event.certainty));
  number(event.duration_millis);
  text(event.key);
  const wire::UsageCounters& counters = event.counters;
  for (const std::int64_t count :
       {counters.input, counters.cache_read, counters.cache_write_5m, counters.cache_write_1h, counters.input_audio,
        counters.output, counters.reasoning, counters.output_audio}) {
    number(count);
  }
  copied(tools_text(counters.tools));
  copied(tags_text(event.tags));
  number(static_cast<std::int64_t>(call.figures_from));
  number((call.from_gate ? 1 : 0) + (call.from_litellm ? 2 : 0));
  number(call.disputed ? 1 : 0);
  number(static_cast<std::int64_t>(call.charge.state));
  number(call.charge.pico);
  text(call.charge.row);
  text(call.charge.why);
  if (book != 0 && call.charge.state == PriceState::priced) {
    number(book);
  } else {
    statement.bind(at++);
  }
}

Call read_call(SQLite::Statement& statement, int first) {
  int at = first;
  const auto text = [&] { return statement.getColumn(at++).getString(); };
  const auto number = [&] { return statement.getColumn(at++).getInt64(); };
  Call call;
  wire::UsageEvent& event = call.event;
  call.id = number();
  event.time = Timestamp::from_unix_millis(number());
  for (std::string* value :
       {&event.gate, &event.decision, &event.session, &event.subject, &event.tenant, &event.secret, &event.provider}) {
    *value = text();
  }
  event.api = static_cast<wire::UsageApi>(number());
  event.model = text();
  ++at;  // billed_model
  event.answered_model = text();
  event.response_id = text();
  event.service_tier = text();
  event.stream = number() != 0;
  event.kind = static_cast<wire::UsageKind>(number());
  event.status = static_cast<int>(number());
  event.outcome = static_cast<wire::UsageOutcome>(number());
  event.certainty = static_cast<wire::UsageCertainty>(number());
  event.duration_millis = number();
  event.key = text();
  wire::UsageCounters& counters = event.counters;
  for (std::int64_t* count : {&counters.input, &counters.cache_read, &counters.cache_write_5m, &counters.cache_write_1h,
                              &counters.input_audio, &counters.output, &counters.reasoning, &counters.output_audio}) {
    *count = number();
  }
  const JsonValue tools = read_object(text());
  if (tools.as_object() != nullptr) {
    for (const auto& [tool, count] : *tools.as_object()) counters.tools[tool] = *count.as_int();
  }
  const JsonValue tags = read_object(text());
  if (tags.as_object() != nullptr) {
    for (const auto& [key, value] : *tags.as_object()) event.tags[key] = *value.as_string();
  }
  call.figures_from = static_cast<Source>(number());
  const std::int64_t sources = number();
  call.from_gate = (sources & 1) != 0;
  call.from_litellm = (sources & 2) != 0;
  call.disputed = number() != 0;
  call.charge.state = static_cast<PriceState>(number());
  call.charge.pico = number();
  call.charge.row = text();
  call.charge.why = text();
  ++at;  // price_book
  call.price_book = text();
  return call;
}

}  // namespace portreeve::accounting
