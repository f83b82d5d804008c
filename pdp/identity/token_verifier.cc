#include "pdp/identity/token_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

#include "daemon/dev_issuer.h"
#include "engine/base/mutex.h"
#include "engine/base/text.h"
#include "pdp/identity/check_token.h"
#include "pdp/identity/key_source.h"
#include "pdp/identity/token_cache.h"
#include "pdp/identity/url.h"

namespace portreeve::pdp {
namespace {

using std::chrono::steady_clock;

struct Provider {
  ProviderTrust trust;
  std::shared_ptr<KeySource> keys;
};

// What the policy set names at one time.
struct Providers {
  std::uint64_t number = 0;  // another one for each set_providers()
  std::map<std::string, Provider, std::less<>> by_issuer;
};

// A verdict to be used again while the same keys of the same configuration are in force.
struct CachedVerdict {
  std::shared_ptr<const VerifiedClaims> claims;
  std::uint64_t configuration = 0;
  std::uint64_t generation = 0;  // of the provider's keys
};

// A verification that waits for keys. Completed once, by whoever is first.
class Pending {
 public:
  Pending(UnverifiedToken parsed, const TokenDigest& token_digest, Timestamp asked,
          std::function<void(TokenVerdict)> call)
      : token(std::move(parsed)), digest(token_digest), now(asked), done_(std::move(call)) {}

  void complete(TokenVerdict verdict) {
    if (!completed_.exchange(true)) done_(std::move(verdict));
  }

  const UnverifiedToken token;
  const TokenDigest digest;
  const Timestamp now;

 private:
  const std::function<void(TokenVerdict)> done_;
  std::atomic<bool> completed_{false};
};

Status check_trust(const ProviderTrust& trust, const Providers& others) {
  const auto bad = [&](std::string_view why) { return fail(fmt::format("provider `{}`: {}", trust.name, why)); };
  if (trust.name.empty()) return fail("a provider without a name");
  if (trust.audiences.empty()) return bad("no audiences; name at least one");
  if (trust.algorithms.empty()) return bad("no algorithms; name at least one");
  if (auto url = Url::parse(trust.issuer); !url) return bad("issuer " + url.error().message);
  if (const auto* place = std::get_if<JwksUri>(&trust.jwks)) {
    if (auto url = Url::parse(place->uri); !url) return bad("key set " + url.error().message);
  }
  if (others.by_issuer.contains(trust.issuer)) return bad("its issuer is another provider's as well");
  for (const auto& [issuer, other] : others.by_issuer) {
    if (other.trust.name == trust.name) return bad("another provider has its name");
  }
  return {};
}

TokenRefusal keys_away(const ProviderTrust& trust, std::string_view why) {
  return {TokenFailure::keys_unavailable,
          fmt::format("the keys of provider `{}` are not to be had: {}", trust.name, why)};
}

}  // namespace

class TokenVerifier::Impl {
 public:
  Impl(Options options, const daemon::Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        cache_(options_.cached_tokens),
        providers_(std::make_shared<const Providers>()),
        timer_([this] { run_timer(); }) {}

  ~Impl() {
    std::vector<std::shared_ptr<KeySource>> sources;
    std::shared_ptr<const Providers> last;
    {
      const MutexLock lock(mutex_);
      last = providers_;
      sources.swap(retired_);
    }
    for (const auto& [issuer, provider] : last->by_issuer) {
      if (provider.keys != nullptr) sources.push_back(provider.keys);
    }
    for (const auto& source : sources) source->request_stop();
    {
      const MutexLock lock(timer_mutex_);
      stop_timer_ = true;
      timer_changed_.notify_all();
    }
    timer_.join();                                      // completes what waits
    for (const auto& source : sources) source->join();  // their threads call into this object
  }

  Status set_providers(const std::vector<ProviderTrust>& wanted) {
    const MutexLock one_at_a_time(configuration_mutex_);
    const std::shared_ptr<const Providers> before = snapshot();
    auto after = std::make_shared<Providers>();
    after->number = before->number + 1;
    // All checks come before the first source is made, since a source begins to fetch at once.
    for (const ProviderTrust& trust : wanted) {
      if (auto checked = check_trust(trust, *after); !checked) return checked;
      after->by_issuer.emplace(trust.issuer, Provider{trust, nullptr});
    }
    for (auto& [issuer, provider] : after->by_issuer) {
      TRY_ASSIGN(provider.keys, source_for(provider.trust, *before));
    }
    std::vector<std::shared_ptr<KeySource>> gone;
    for (const auto& [issuer, provider] : before->by_issuer) {
      const auto still = after->by_issuer.find(issuer);
      if (still == after->by_issuer.end() || still->second.keys != provider.keys) gone.push_back(provider.keys);
    }
    for (const auto& source : gone) {
      if (source != nullptr) source->request_stop();
    }
    publish(std::move(after), std::move(gone));
    return {};
  }

  void verify(const std::string& token, Timestamp now, std::function<void(TokenVerdict)> done) {
    const std::shared_ptr<const Providers> providers = snapshot();
    const TokenDigest digest = digest_of(token);
    if (const auto cached = cache_.find(digest, now); cached != nullptr && cached->configuration == providers->number) {
      const Provider& provider = providers->by_issuer.find(cached->claims->issuer())->second;
      const std::uint64_t generation = provider.keys->generation();
      if (generation != 0 && generation == cached->generation) return done(cached->claims);
    }
    auto parsed = UnverifiedToken::parse(token);
    if (!parsed) return done(TokenRefusal{TokenFailure::invalid, parsed.error().message});
    const auto pending = std::make_shared<Pending>(std::move(*parsed), digest, now, std::move(done));
    if (auto verdict = judge(*pending, [this, pending] { judge_at_last(*pending); })) {
      return pending->complete(std::move(*verdict));
    }
    complete_in_time(pending);
  }

  std::vector<ProviderStatus> status() const {
    std::vector<ProviderStatus> all;
    const auto providers = snapshot();
    for (const auto& [issuer, provider] : providers->by_issuer) {
      const auto keys = provider.keys == nullptr ? KeySource::Status{0, "its issuer is accepted with --dev only", {}}
                                                 : provider.keys->status();
      all.push_back({provider.trust.name, keys.keys, keys.last_error, keys.notes});
    }
    return all;
  }

 private:
  std::shared_ptr<const Providers> snapshot() const {
    const MutexLock lock(mutex_);
    return providers_;
  }

  void publish(std::shared_ptr<const Providers> after, std::vector<std::shared_ptr<KeySource>> gone) {
    std::vector<std::shared_ptr<KeySource>> finished;  // destroyed after the lock: that joins a thread
    const MutexLock lock(mutex_);
    providers_ = std::move(after);
    for (auto& source : gone) {
      if (source != nullptr) retired_.push_back(std::move(source));
    }
    const auto live = std::partition(retired_.begin(), retired_.end(), [](const auto& s) { return !s->has_stopped(); });
    finished.assign(std::make_move_iterator(live), std::make_move_iterator(retired_.end()));
    retired_.erase(live, retired_.end());
  }

  // The keys that this provider had already, or a new source; null for the development issuer where it is not accepted.
  Result<std::shared_ptr<KeySource>> source_for(const ProviderTrust& trust, const Providers& before) const {
    if (trust.issuer == daemon::kDevIssuer && !options_.dev_keys) return std::shared_ptr<KeySource>();
    const auto same = before.by_issuer.find(trust.issuer);
    if (same != before.by_issuer.end() && same->second.trust.jwks == trust.jwks && same->second.keys != nullptr) {
      return same->second.keys;
    }
    if (trust.issuer == daemon::kDevIssuer) {
      return std::shared_ptr<KeySource>(make_file_source(*options_.dev_keys, options_.times, clock_));
    }
    if (const auto* file = std::get_if<JwksFile>(&trust.jwks)) {
      return std::shared_ptr<KeySource>(make_file_source(file->path, options_.times, clock_));
    }
    auto remote = make_remote_source(trust.issuer, trust.jwks, options_.ca_file, options_.times, clock_);
    if (!remote) return fail(fmt::format("provider `{}`: {}", trust.name, remote.error().message));
    return std::shared_ptr<KeySource>(std::move(*remote));
  }

  // The verdict, or nothing where `when_fetched` will be called. Final where that is null.
  std::optional<TokenVerdict> judge(const Pending& pending, std::function<void()> when_fetched) {
    const auto providers = snapshot();
    const auto at = providers->by_issuer.find(pending.token.unverified_issuer());
    if (at == providers->by_issuer.end()) {
      return TokenRefusal{TokenFailure::invalid, fmt::format("no provider has the issuer `{}`",
                                                             printable(pending.token.unverified_issuer(), 120))};
    }
    const Provider& provider = at->second;
    if (provider.keys == nullptr) {
      return TokenRefusal{TokenFailure::invalid, "the development issuer is accepted with --dev only"};
    }
    if (auto refusal = TokenChecker::refuse_at_sight(pending.token, provider.trust)) return std::move(*refusal);
    const KeyAnswer answer =
        provider.keys->keys_for(pending.token.kid(), pending.token.algorithm(), std::move(when_fetched));
    switch (answer.state) {
      case KeyAnswer::State::waiting:
        return std::nullopt;
      case KeyAnswer::State::away:
        return keys_away(provider.trust, answer.why);
      case KeyAnswer::State::here:
        break;
    }
    TokenVerdict verdict = TokenChecker::check(pending.token, provider.trust, answer.keys, pending.now);
    if (verdict) {
      cache_.put(
          pending.digest,
          std::make_shared<const CachedVerdict>(CachedVerdict{verdict.claims(), providers->number, answer.generation}),
          verdict.claims()->expires());
    }
    return verdict;
  }

  void judge_at_last(Pending& pending) {
    if (auto verdict = judge(pending, nullptr)) pending.complete(std::move(*verdict));
  }

  void complete_in_time(std::shared_ptr<Pending> pending) {
    const MutexLock lock(timer_mutex_);
    overdue_.emplace_back(steady_clock::now() + options_.times.deadline, std::move(pending));
    timer_changed_.notify_all();
  }

  // Completes what the fetch threads leave waiting: a name lookup, say, can take longer than any of our deadlines.
  void run_timer() {
    const TokenRefusal late{TokenFailure::keys_unavailable, "the issuer's keys did not come in time"};
    for (;;) {
      std::shared_ptr<Pending> next;
      {
        MutexLock lock(timer_mutex_);
        while (!stop_timer_ && (overdue_.empty() || steady_clock::now() < overdue_.front().first)) {
          if (overdue_.empty()) {
            lock.wait(timer_changed_);
          } else {
            lock.wait_until(timer_changed_, overdue_.front().first);
          }
        }
        if (overdue_.empty()) return;
        next = std::move(overdue_.front().second);
        overdue_.pop_front();
      }
      next->complete(late);
    }
  }

  const Options options_;
  const daemon::Clock& clock_;
  TokenCache<CachedVerdict> cache_;

  Mutex configuration_mutex_;  // held by set_providers() throughout

  mutable Mutex mutex_;
  std::shared_ptr<const Providers> providers_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<KeySource>> retired_ GUARDED_BY(mutex_);  // stopping; some threads may still run

  Mutex timer_mutex_;
  std::condition_variable_any timer_changed_;
  std::deque<std::pair<steady_clock::time_point, std::shared_ptr<Pending>>> overdue_ GUARDED_BY(timer_mutex_);
  bool stop_timer_ GUARDED_BY(timer_mutex_) = false;
  std::thread timer_;  // last: it uses all of the above
};

TokenVerifier::TokenVerifier(Options options, const daemon::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), clock)) {}
TokenVerifier::~TokenVerifier() = default;

Status TokenVerifier::set_providers(const std::vector<ProviderTrust>& providers) {
  return impl_->set_providers(providers);
}

void TokenVerifier::verify(std::string token, Timestamp now, std::function<void(TokenVerdict)> done) {
  impl_->verify(token, now, std::move(done));
}

std::vector<ProviderStatus> TokenVerifier::status() const { return impl_->status(); }

}  // namespace portreeve::pdp
