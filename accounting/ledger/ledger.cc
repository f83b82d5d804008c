#include "accounting/ledger/ledger.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "accounting/ledger/database.h"

namespace portreeve::accounting {
namespace {

// A response's id this long is nobody else's: then LiteLLM behind the broker is known by it alone, whatever either
// calls the provider.
constexpr std::size_t kTellingResponseId = 16;
constexpr int kRatedAtOnce = 1000;

std::string columns_set() {
  std::string out;
  std::string_view rest = kCallColumns;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    const std::string column(rest.substr(0, comma));
    // A dispute stays one, whatever the row says later.
    out += (out.empty() ? "" : ", ") + column + (column == "disputed" ? " = max(disputed, ?)" : " = ?");
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 2);
  }
  return out;
}

std::string places() {
  std::string out = "?";
  for (int i = 1; i < kCallColumnCount; ++i) out += ", ?";
  return out;
}

// What was stored under the event's key and source.
struct Stored {
  std::int64_t call = 0;
  std::optional<std::string> same_kind;  // its body
  bool has_completion = false;
};

}  // namespace

class Ledger::Impl {
 public:
  explicit Impl(const std::string& path)
      : database_(open_ledger_writable(path)),
        find_key_(*database_, "SELECT call, kind, body FROM events WHERE key = ? AND source = ? AND repeated = 0"),
        // The second condition lets the partial index be used. A few, since an upstream may give every call one id.
        find_response_(*database_,
                       "SELECT id, provider FROM calls WHERE response_id = ? AND response_id <> '' AND sources = ? "
                       "ORDER BY id LIMIT 8"),
        load_call_(*database_, fmt::format("SELECT id, {}, '' FROM calls WHERE id = ?", kCallColumns)),
        insert_call_(*database_, fmt::format("INSERT INTO calls ({}) VALUES ({})", kCallColumns, places())),
        update_call_(*database_, fmt::format("UPDATE calls SET {} WHERE id = ?", columns_set())),
        delete_call_(*database_, "DELETE FROM calls WHERE id = ?"),
        move_events_(*database_, "UPDATE events SET call = ? WHERE call = ?"),
        insert_event_(*database_,
                      "INSERT OR IGNORE INTO events (call, source, key, kind, repeated, standing, received, body) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
        set_standing_(*database_,
                      "UPDATE events SET standing = ? WHERE call = ? AND source = ? AND kind = 1 AND repeated = 0"),
        set_disputed_(*database_, "UPDATE calls SET disputed = 1 WHERE id = ?") {}

  Result<PostCounts> post(std::span<const Posting> postings, Timestamp now) {
    return adapted("posting to the ledger", [&]() -> Result<PostCounts> {
      PostCounts counts;
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      for (const Posting& posting : postings) post_one(posting, now, counts);
      transaction.commit();
      return counts;
    });
  }

  Result<std::int64_t> set_prices(PriceBook book) {
    return adapted("taking up the prices", [&]() -> Result<std::int64_t> {
      std::int64_t id = 0;
      if (!book.digest().empty()) {
        SQLite::Statement insert(*database_,
                                 "INSERT OR IGNORE INTO price_books (digest, name, text, loaded) "
                                 "VALUES (?, ?, ?, CAST(strftime('%s','now') AS INTEGER))");
        insert.bind(1, book.digest());
        insert.bind(2, book.name());
        insert.bind(3, book.text());
        insert.exec();
        SQLite::Statement find(*database_, "SELECT id FROM price_books WHERE digest = ?");
        find.bind(1, book.digest());
        find.executeStep();
        id = find.getColumn(0).getInt64();
      }
      book_ = std::move(book);
      book_id_ = id;
      return rate_unpriced();
    });
  }

 private:
  // Calls without a price get one, a part at a time, so that posting never waits long.
  std::int64_t rate_unpriced() {
    SQLite::Statement next(*database_, fmt::format("SELECT id, {}, '' FROM calls INDEXED BY calls_unpriced "
                                                   "WHERE price_state = 2 AND id > ? ORDER BY id LIMIT ?",
                                                   kCallColumns));
    std::int64_t priced = 0;
    std::int64_t after = 0;
    while (true) {
      std::vector<Call> calls;
      next.tryReset();
      next.bind(1, after);
      next.bind(2, kRatedAtOnce);
      while (next.executeStep()) calls.push_back(read_call(next, 0));
      next.tryReset();
      if (calls.empty()) return priced;
      after = calls.back().id;
      SQLite::Transaction transaction(*database_, SQLite::TransactionBehavior::IMMEDIATE);
      for (Call& call : calls) {
        call.charge = charge_for(book_, call.event);
        if (call.charge.state != PriceState::priced) continue;
        update(call);
        ++priced;
      }
      transaction.commit();
    }
  }

  void post_one(const Posting& posting, Timestamp now, PostCounts& counts) {
    const wire::UsageEvent& event = posting.event;
    const bool completes = event.kind == wire::UsageKind::completion;
    const std::string body = wire::to_json(event, posting.seq);
    const Stored stored = find_stored(posting);
    if (stored.same_kind) {
      if (*stored.same_kind == body) {
        ++counts.duplicates;
        return;
      }
      if (!insert_event(posting, stored.call, true, Standing::disputed, now, body)) {
        ++counts.duplicates;
        return;
      }
      mark_disputed(stored.call);
      ++counts.disputed;
      return;
    }
    if (stored.call != 0 && !completes) {  // the completion came first
      insert_event(posting, stored.call, false, Standing::superseded, now, body);
      ++counts.counted;
      return;
    }
    const auto other = completes && !event.response_id.empty() ? find_other(posting) : std::nullopt;
    const Standing standing = other ? join(posting, stored.call, *other, counts) : post_alone(posting, stored.call);
    const std::int64_t call = stored.call != 0 ? stored.call : other ? *other : database_->getLastInsertRowid();
    insert_event(posting, call, false, standing, now, body);
    ++counts.counted;
  }

  Stored find_stored(const Posting& posting) {
    Stored out;
    find_key_.tryReset();
    find_key_.bindNoCopy(1, posting.event.key);
    find_key_.bind(2, static_cast<int>(posting.source));
    while (find_key_.executeStep()) {
      out.call = find_key_.getColumn(0).getInt64();
      const auto kind = static_cast<wire::UsageKind>(find_key_.getColumn(1).getInt());
      if (kind == posting.event.kind) out.same_kind = find_key_.getColumn(2).getString();
    }
    find_key_.tryReset();
    return out;
  }

  // The same call, told by the other source alone.
  std::optional<std::int64_t> find_other(const Posting& posting) {
    const wire::UsageEvent& event = posting.event;
    find_response_.tryReset();
    find_response_.bindNoCopy(1, event.response_id);
    find_response_.bind(2, static_cast<int>(posting.source == Source::gate ? Source::litellm : Source::gate));
    std::optional<std::int64_t> found;
    while (find_response_.executeStep()) {
      const std::int64_t id = find_response_.getColumn(0).getInt64();
      if (find_response_.getColumn(1).getString() == event.provider) {
        found = id;
        break;
      }
      if (!found && event.response_id.size() >= kTellingResponseId) found = id;
    }
    find_response_.tryReset();
    return found;
  }

  // A call of one source: a new one, or the intent's, which is completed.
  Standing post_alone(const Posting& posting, std::int64_t own) {
    Call call;
    call.id = own;
    call.event = posting.event;
    call.figures_from = posting.source;
    call.from_gate = posting.source == Source::gate;
    call.from_litellm = posting.source == Source::litellm;
    call.charge = charge_for(book_, call.event);
    if (own != 0) {
      update(call);
    } else {
      insert(call);
    }
    return Standing::counted;
  }

  // The same call, told by both: one entry. `own`: the call of the gate's intent, 0 where there is none.
  Standing join(const Posting& posting, std::int64_t own, std::int64_t other, PostCounts& counts) {
    const Call told = load(other);
    const Source other_source = posting.source == Source::gate ? Source::litellm : Source::gate;
    const Settlement settled = settle(other_source, told.event, posting.source, posting.event);
    const bool disputed = settled.first == Standing::disputed || settled.second == Standing::disputed;
    counts.disputed += disputed ? 1 : 0;
    const wire::UsageEvent& by_gate = posting.source == Source::gate ? posting.event : told.event;
    const wire::UsageEvent& by_proxy = posting.source == Source::gate ? told.event : posting.event;
    const wire::UsageEvent& best = settled.second_stands ? posting.event : told.event;
    Call call;
    call.id = own != 0 ? own : other;
    call.event = by_gate;
    for (const auto& tag : by_proxy.tags) call.event.tags.insert(tag);
    if (by_gate.provider != by_proxy.provider) {
      // The gate saw a proxy; that one knows who answered.
      call.event.provider = by_proxy.provider;
      call.event.answered_model = billed_model(by_proxy);
    }
    if (call.event.tenant.empty()) call.event.tenant = by_proxy.tenant;
    if (call.event.service_tier.empty()) call.event.service_tier = by_proxy.service_tier;
    call.event.certainty = best.certainty;
    call.event.counters = best.counters;
    call.figures_from = settled.second_stands ? posting.source : other_source;
    call.from_gate = call.from_litellm = true;
    call.disputed = told.disputed || disputed;
    call.charge = charge_for(book_, call.event);
    if (own != 0) {
      move_events_.tryReset();
      move_events_.bind(1, own);
      move_events_.bind(2, other);
      move_events_.exec();
      delete_call_.tryReset();
      delete_call_.bind(1, other);
      delete_call_.exec();
    }
    update(call);
    set_standing_.tryReset();
    set_standing_.bind(1, static_cast<int>(settled.first));
    set_standing_.bind(2, call.id);
    set_standing_.bind(3, static_cast<int>(other_source));
    set_standing_.exec();
    return settled.second;
  }

  bool insert_event(const Posting& posting, std::int64_t call, bool repeated, Standing standing, Timestamp now,
                    const std::string& body) {
    insert_event_.tryReset();
    insert_event_.bind(1, call);
    insert_event_.bind(2, static_cast<int>(posting.source));
    insert_event_.bindNoCopy(3, posting.event.key);
    insert_event_.bind(4, static_cast<int>(posting.event.kind));
    insert_event_.bind(5, repeated ? 1 : 0);
    insert_event_.bind(6, static_cast<int>(standing));
    insert_event_.bind(7, now.unix_millis());
    insert_event_.bindNoCopy(8, body);
    return insert_event_.exec() == 1;
  }

  Call load(std::int64_t id) {
    load_call_.tryReset();
    load_call_.bind(1, id);
    load_call_.executeStep();
    Call call = read_call(load_call_, 0);
    load_call_.tryReset();
    return call;
  }
  void insert(const Call& call) {
    insert_call_.tryReset();
    bind_call(insert_call_, 1, call, book_id_);
    insert_call_.exec();
  }
  void update(const Call& call) {
    update_call_.tryReset();
    bind_call(update_call_, 1, call, book_id_);
    update_call_.bind(kCallColumnCount + 1, call.id);
    update_call_.exec();
  }
  void mark_disputed(std::int64_t call) {
    set_disputed_.tryReset();
    set_disputed_.bind(1, call);
    set_disputed_.exec();
  }

  std::unique_ptr<SQLite::Database> database_;
  SQLite::Statement find_key_;
  SQLite::Statement find_response_;
  SQLite::Statement load_call_;
  SQLite::Statement insert_call_;
  SQLite::Statement update_call_;
  SQLite::Statement delete_call_;
  SQLite::Statement move_events_;
  SQLite::Statement insert_event_;
  SQLite::Statement set_standing_;
  SQLite::Statement set_disputed_;
  PriceBook book_;
  std::int64_t book_id_ = 0;
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::~Ledger() = default;

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& path) {
  return adapted("opening the ledger `" + path + "`", [&]() -> Result<std::unique_ptr<Ledger>> {
    return std::unique_ptr<Ledger>(new Ledger(std::make_unique<Impl>(path)));
  });
}

Result<std::int64_t> Ledger::set_prices(PriceBook book) { return impl_->set_prices(std::move(book)); }
Result<PostCounts> Ledger::post(std::span<const Posting> postings, Timestamp now) { return impl_->post(postings, now); }

}  // namespace portreeve::accounting
