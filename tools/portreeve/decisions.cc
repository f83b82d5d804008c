// `portreeve decisions`: what was decided and what became of it, from the log of a data folder.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>

#include "engine/base/text.h"
#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/reindex.h"
#include "tools/portreeve/checked.h"
#include "tools/portreeve/command.h"
#include "tools/portreeve/record_text.h"

namespace portreeve::cli {
namespace {

constexpr Millis kFollowWait{500};

struct Options {
  std::string data = "data";
  std::string decision, kind, since, until;
  storage::RecordFilter filter;
  std::size_t limit = 50;
  bool follow = false;
  bool json = false;
  bool reindex = false;
  std::string shown;  // of `show`
};

// A time, or how long ago: `2026-11-24T05:00:00Z`, `15m`.
Result<Timestamp> parse_moment(std::string_view text) {
  if (const auto span = parse_duration(text)) return now().plus(-*span);
  const auto time = Timestamp::parse(text);
  if (!time) return fail("a time is RFC 3339 with a zone, `2026-11-24T05:00:00Z`, or how long ago it was, `15m`");
  return time;
}

Result<storage::RecordFilter> filter_of(const Options& options) {
  storage::RecordFilter filter = options.filter;
  if (!options.decision.empty()) filter.decision = options.decision == "allow";
  if (!options.kind.empty()) filter.kind = wire::record_kind_from_text(options.kind);
  if (!options.since.empty()) {
    TRY_ASSIGN(filter.from, parse_moment(options.since));
  }
  if (!options.until.empty()) {
    TRY_ASSIGN(filter.until, parse_moment(options.until));
  }
  return filter;
}

class Printer {
 public:
  Printer(const Options& options, Terminal& terminal)
      : json_(options.json), terminal_(terminal), table_(record_columns()) {}

  void print(const std::vector<storage::LoggedRecord>& records) {
    for (const storage::LoggedRecord& record : records) {
      if (json_)
        terminal_.out.write(record.bytes + "\n");
      else
        table_.add(record_row(record));
    }
    if (!json_) table_.print(terminal_.out);
    terminal_.out.flush();
  }

 private:
  const bool json_;
  Terminal& terminal_;
  Table table_;
};

// The newest that match, oldest of them first.
Result<std::vector<storage::LoggedRecord>> newest(storage::LogReader& reader, const storage::RecordFilter& filter,
                                                  std::size_t limit) {
  std::vector<storage::LoggedRecord> records;
  storage::PageRequest page;
  while (records.size() < limit) {
    page.limit = std::min(limit - records.size(), storage::kMostPerPage);
    TRY_ASSIGN(storage::RecordPage found, reader.search(filter, page));
    std::ranges::move(found.records, std::back_inserter(records));
    if (!found.next) break;
    page.after = found.next;
  }
  std::ranges::reverse(records);
  return records;
}

// Until it is interrupted, or nobody reads any more.
Status follow(storage::LogReader& reader, const storage::RecordFilter& filter, std::uint64_t from, Printer& printer,
              const Terminal& terminal) {
  while (!terminal.out.failed()) {
    TRY_ASSIGN(const storage::FollowPage page, reader.follow(filter, from, storage::kMostPerPage, kFollowWait));
    if (!page.records.empty()) printer.print(page.records);
    from = page.next;
  }
  return {};
}

ExitCode list(const Options& options, Terminal& terminal) {
  const auto filter = filter_of(options);
  if (!filter) return wrong_usage(terminal, filter.error().message);
  const auto reader = storage::open_log_reader(options.data);
  if (!reader) return failed(terminal, reader.error().message);
  const auto end = (*reader)->durable_end();
  if (!end) return failed(terminal, end.error().message);
  const auto records = newest(**reader, *filter, options.limit);
  if (!records) return failed(terminal, records.error().message);
  Printer printer(options, terminal);
  printer.print(*records);
  if (!options.follow) return ExitCode::ok;
  const std::uint64_t seen = records->empty() ? 0 : records->back().index + 1;
  const auto followed = follow(**reader, *filter, std::max(*end, seen), printer, terminal);
  return followed ? ExitCode::ok : failed(terminal, followed.error().message);
}

ExitCode show(const Options& options, Terminal& terminal) {
  const auto reader = storage::open_log_reader(options.data);
  if (!reader) return failed(terminal, reader.error().message);
  storage::RecordFilter filter;
  filter.decision_id = options.shown;
  const auto records = newest(**reader, filter, storage::kMostPerPage);
  if (!records) return failed(terminal, records.error().message);
  if (records->empty()) return failed(terminal, fmt::format("no decision has the id `{}`", printable(options.shown)));
  for (const storage::LoggedRecord& record : *records) {
    if (options.json)
      terminal.out.write(record.bytes + "\n");
    else
      terminal.out.write((&record == &records->front() ? "" : "\n") + record_lines(record));
  }
  return ExitCode::ok;
}

ExitCode build_index_anew(const Options& options, Terminal& terminal) {
  const auto records = storage::reindex(options.data);
  if (!records) return failed(terminal, records.error().message);
  terminal.out.write(options.json ? fmt::format("{{\"indexed\":{}}}\n", *records)
                                  : fmt::format("the index was built anew of {}\n", count_of(*records, "record")));
  return ExitCode::ok;
}

void declare_filters(CLI::App& app, Options& options) {
  const auto text = [&app](const char* name, std::optional<std::string>& target, const char* value, const char* help) {
    app.add_option_function<std::string>(
           name, [&target](const std::string& given) { target = given; }, help)
        ->type_name(value);
  };
  app.add_option("--decision", options.decision, "allow or deny")
      ->type_name("ANSWER")
      ->check(CLI::IsMember({"allow", "deny"}));
  text("--reason", options.filter.reason, "CODE", "A reason code, like default-deny");
  text("--rule", options.filter.rule, "POLICY/RULE", "One of the rules that decided");
  text("--subject", options.filter.subject, "ID", "Who asked, like keycloak/rita");
  text("--session", options.filter.session, "ID", "Of one session");
  text("--tenant", options.filter.tenant, "NAME", "Of one tenant");
  text("--action", options.filter.action, "NAME", "Like egress.connect");
  text("--resource", options.filter.resource, "TEXT", "A part of the resource's id");
  text("--host", options.filter.host, "NAME", "The host asked for, whole");
  text("--pep", options.filter.pep, "NAME", "The gate that asked or reported");
  text("--text", options.filter.text, "TEXT", "A part of the record");
  app.add_option("--kind", options.kind, "decision, outcome, use, refusal or admin")
      ->type_name("KIND")
      ->check(CLI::IsMember({"decision", "outcome", "use", "refusal", "admin"}));
  app.add_option("--since", options.since, "From then on: a time, or how long ago (15m)")
      ->type_name("TIME")
      ->check(checked(parse_moment));
  app.add_option("--until", options.until, "Before then")->type_name("TIME")->check(checked(parse_moment));
  app.add_option("--limit", options.limit, "The newest so many (default: 50)")
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 1'000'000));
}

}  // namespace

Run declare_decisions(CLI::App& program) {
  CLI::App& app = add_subcommand(program, "decisions", "List decisions and what became of them, the newest last.",
                                 "portreeve decisions --data data --decision deny --since 1h\n"
                                 "portreeve decisions --data data --follow\n"
                                 "portreeve decisions --data data show dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY");
  const auto options = std::make_shared<Options>();
  app.add_option("--data", options->data, "The PDP's data folder (default: data)")->type_name("DIR");
  declare_filters(app, *options);
  app.add_flag("--follow", options->follow, "Go on with what is decided from now on");
  app.add_flag("--json", options->json, "Each record as it is stored: one line of canonical JSON");
  app.add_flag("--reindex", options->reindex, "Build the index anew from the journal; safe beside a live PDP");
  CLI::App& showing = add_subcommand(app, "show", "Show one decision whole, with what became of it.",
                                     "portreeve decisions show dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY --data data");
  showing.add_option("id", options->shown, "The decision's id")->required();
  showing.add_option("--data", options->data, "The PDP's data folder (default: data)")->type_name("DIR");
  showing.add_flag("--json", options->json, "Each record as it is stored: one line of canonical JSON");
  return [&showing, options](Terminal& terminal) {
    if (showing.parsed()) return show(*options, terminal);
    if (options->reindex) return build_index_anew(*options, terminal);
    return list(*options, terminal);
  };
}

}  // namespace portreeve::cli
