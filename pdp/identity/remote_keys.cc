#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/mutex.h"
#include "engine/base/text.h"
#include "engine/reader/json_reader.h"
#include "pdp/identity/http_fetch.h"
#include "pdp/identity/key_source.h"

namespace portreeve::pdp {
namespace {

using std::chrono::steady_clock;

// Verifications that wait for one fetch; more are told that the keys are away.
constexpr std::size_t kMostWaiting = 1024;

class RemoteSource final : public KeySource {
 public:
  // `keys_at`: the key set's address, or nothing for discovery.
  RemoteSource(std::string issuer, std::optional<Url> keys_at, Url configuration_at, std::string ca_file,
               const KeyTimes& times, const daemon::Clock& clock)
      : issuer_(std::move(issuer)),
        keys_at_(std::move(keys_at)),
        configuration_at_(std::move(configuration_at)),
        times_(times),
        clock_(clock),
        fetch_(std::move(ca_file)),
        thread_([this] { run(); }) {}

  ~RemoteSource() override {
    request_stop();
    if (thread_.joinable()) thread_.join();
  }

  void join() override { thread_.join(); }

  KeyAnswer keys_for(const std::optional<std::string>& kid, Algorithm algorithm,
                     std::function<void()> when_fetched) override {
    const MutexLock lock(mutex_);
    const std::int64_t now = clock_.steady_millis();
    KeyAnswer answer;
    const bool usable = held_.usable(now);
    if (usable) answer = {KeyAnswer::State::here, held_.candidates(kid, algorithm), held_.generation(now), {}};
    const bool known = !answer.keys.empty();
    if (known && held_.fresh(now)) return answer;

    const bool coming = request_fetch(now, known);
    // Old keys of an issuer that is known to be away are used without waiting for it each time.
    if (known && last_failed_) return answer;
    if (coming && when_fetched != nullptr) {
      if (waiting_.size() < kMostWaiting) {
        waiting_.push_back(std::move(when_fetched));
        return {KeyAnswer::State::waiting, {}, 0, {}};
      }
      return {KeyAnswer::State::away, {}, 0, "too many verifications wait for the keys"};
    }
    // That the issuer has no such key is known only if it was just heard.
    if (!usable || (!known && last_failed_)) return {KeyAnswer::State::away, {}, 0, held_.last_error()};
    return answer;
  }

  std::uint64_t generation() override {
    const MutexLock lock(mutex_);
    return held_.generation(clock_.steady_millis());
  }

  Status status() override {
    const MutexLock lock(mutex_);
    return held_.status(clock_.steady_millis());
  }

  void request_stop() override {
    fetch_.stop();
    const MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }

  bool has_stopped() override {
    const MutexLock lock(mutex_);
    return stopped_;
  }

 private:
  // Has the keys fetched if that is due. True where a fetch goes on or is about to.
  bool request_fetch(std::int64_t now, bool known) REQUIRES(mutex_) {
    if (stop_) return false;
    if (wanted_ || fetching_) return true;
    const Millis interval = last_failed_                  ? Millis(times_.retry_interval)
                            : known || !held_.usable(now) ? Millis{0}
                                                          : Millis(times_.unknown_key_interval);
    if (now - last_attempt_ < interval.count()) return false;
    wanted_ = true;
    changed_.notify_all();
    return true;
  }

  void run() {
    while (wait_until_wanted()) {
      const auto fetched = fetch_keys();
      for (const auto& call : record(fetched)) call();
    }
    std::vector<std::function<void()>> left;
    {
      const MutexLock lock(mutex_);
      left.swap(waiting_);
    }
    for (const auto& call : left) call();
    const MutexLock lock(mutex_);
    stopped_ = true;
  }

  // False once it is time to stop.
  bool wait_until_wanted() {
    MutexLock lock(mutex_);
    const auto due = steady_clock::now() + next_refresh_;
    while (!stop_ && !wanted_ && steady_clock::now() < due) lock.wait_until(changed_, due);
    wanted_ = false;
    fetching_ = !stop_;
    return !stop_;
  }

  // Takes what came and gives back who waits for it.
  std::vector<std::function<void()>> record(const Result<Fetched>& fetched) {
    const MutexLock lock(mutex_);
    const std::int64_t now = clock_.steady_millis();
    last_attempt_ = now;
    if (fetched) {
      const Seconds stated = fetched->max_age.value_or(times_.ttl_default);
      const Seconds fresh_for = std::clamp(stated, times_.ttl_least, times_.ttl_most);
      last_failed_ = !held_.took(fetched->body, now, fresh_for, times_.kept_when_away);
      next_refresh_ = fresh_for;
    } else {
      last_failed_ = true;
      held_.failed(fetched.error().message);
    }
    if (last_failed_) next_refresh_ = times_.unknown_key_interval;
    fetching_ = false;
    return std::exchange(waiting_, {});
  }

  Result<Fetched> fetch_keys() {
    const auto deadline = steady_clock::now() + times_.deadline;
    if (keys_at_) return get(*keys_at_, "the key set", deadline);
    TRY_ASSIGN(const Fetched configuration, get(configuration_at_, "the configuration", deadline));
    TRY_ASSIGN(const Url keys_at, read_configuration(configuration.body));
    return get(keys_at, "the key set", deadline);
  }

  Result<Fetched> get(const Url& url, std::string_view what, steady_clock::time_point deadline) {
    auto fetched = fetch_.get(url, deadline);
    if (!fetched) return fail(fmt::format("{} of {}: {}", what, issuer_, fetched.error().message));
    return fetched;
  }

  Result<Url> read_configuration(std::string_view body) const {
    const auto bad = [&](std::string_view why) {
      return fail(fmt::format("the configuration of {}: {}", issuer_, why));
    };
    const auto configuration = reader::parse_json(body, {.bytes = limits::kJwksBytes});
    if (!configuration) return bad(configuration.error().message);
    const JsonValue* issuer = configuration->find("issuer");
    if (issuer == nullptr || *issuer != JsonValue(issuer_)) return bad("`issuer` is another one");
    const JsonValue* place = configuration->find("jwks_uri");
    if (place == nullptr || place->as_string() == nullptr) return bad("`jwks_uri` is missing");
    auto url = Url::parse(*place->as_string());
    if (!url) return bad(url.error().message);
    // An issuer elsewhere has no business sending us to a port of this machine in clear.
    if (!url->https && configuration_at_.https) return bad("`jwks_uri` is http, the issuer https");
    return url;
  }

  const std::string issuer_;
  const std::optional<Url> keys_at_;
  const Url configuration_at_;
  const KeyTimes times_;
  const daemon::Clock& clock_;
  HttpFetch fetch_;  // get() is the thread's

  Mutex mutex_;
  std::condition_variable_any changed_;
  HeldKeys held_ GUARDED_BY(mutex_);
  std::vector<std::function<void()>> waiting_ GUARDED_BY(mutex_);
  std::int64_t last_attempt_ GUARDED_BY(mutex_) = 0;
  Millis next_refresh_ GUARDED_BY(mutex_){0};
  bool last_failed_ GUARDED_BY(mutex_) = false;
  bool wanted_ GUARDED_BY(mutex_) = true;
  bool fetching_ GUARDED_BY(mutex_) = false;
  bool stop_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<KeySource>> make_remote_source(const std::string& issuer, const JwksPlace& place,
                                                      const std::string& ca_file, const KeyTimes& times,
                                                      const daemon::Clock& clock) {
  TRY_ASSIGN(Url configuration_at, Url::parse(discovery_address(issuer)));
  std::optional<Url> keys_at;
  if (const auto* uri = std::get_if<JwksUri>(&place)) {
    TRY_ASSIGN(keys_at, Url::parse(uri->uri));
  }
  return std::unique_ptr<KeySource>(
      std::make_unique<RemoteSource>(issuer, std::move(keys_at), std::move(configuration_at), ca_file, times, clock));
}

}  // namespace portreeve::pdp
