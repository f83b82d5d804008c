#include "pdp/rollout/policy_rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "engine/load/load.h"

namespace portreeve::pdp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDiagnosticsLogged = 20;

// Rules that say `publicSuffix: acknowledged`, as `policy/rule (file:line)`: such a rule opens names of strangers.
std::vector<std::string> rules_over_suffixes(const model::PolicySet& set) {
  std::vector<std::string> out;
  for (const model::EgressPolicy& policy : set.egress_policies) {
    for (const model::EgressRule& rule : policy.rules) {
      if (!rule.public_suffix_acknowledged || rule.effect != model::Effect::allow) continue;
      out.push_back(fmt::format("{}/{} ({}:{})", policy.name, rule.id, rule.place.file, rule.place.line));
    }
  }
  return out;
}

}  // namespace

// What one look at the folder came to.
struct PolicyRollout::Attempt {
  bool active = false;   // the folder's revision is the active one now
  bool changed = false;  // and was not before
  std::string revision;  // of the folder, where it could be read
  std::string problem;   // why it is not active, one line
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> over_suffixes;  // of the revision that is active now
};

PolicyRollout::PolicyRollout(Options options, Parts parts, BeforeActivation before, AfterActivation after)
    : options_(std::move(options)),
      parts_(parts),
      before_(std::move(before)),
      after_(std::move(after)),
      activations_(parts.metrics.counter("portreeve_policy_activations_total", "Policy revisions that went live.")),
      failures_(parts.metrics.counter("portreeve_policy_failures_total", "Policy folders that were refused.")) {}

PolicyRollout::~PolicyRollout() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

// Names, sizes and times of all that lies below: changes with every edit, and with a ConfigMap's swapped link.
std::string PolicyRollout::fingerprint() const {
  std::string out;
  std::error_code error;
  const auto follow = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator at(options_.folder, follow, error), end; !error && at != end;
       at.increment(error)) {
    if (at.depth() > 32) at.disable_recursion_pending();
    std::error_code ignored;
    const auto size = at->is_regular_file(ignored) ? at->file_size(ignored) : 0;
    const auto time = at->last_write_time(ignored).time_since_epoch().count();
    out += fmt::format("{} {} {}\n", at->path().string(), size, time);
  }
  if (error) out += error.message();
  return out;
}

Status PolicyRollout::activate(const std::vector<wire::PolicyFile>& files,
                               std::shared_ptr<const model::CheckedPolicySet> set) {
  const std::shared_ptr<const compile::Snapshot> snapshot = compile::compile(std::move(set), options_.deployment);
  if (auto stored = parts_.revisions.put(snapshot->revision(), files); !stored) return stored;
  if (auto taken = before_(*snapshot); !taken) return taken;
  if (auto noted = parts_.revisions.activate(snapshot->revision(), parts_.clock.now()); !noted) {
    // What was told of the new one is told of the one that stays: issuers and policies are of one revision.
    if (const auto active = parts_.snapshots.load(); active != nullptr) {
      if (auto restored = before_(*active); !restored)
        parts_.log.error("cannot restore", {{"why", restored.error().message}});
    }
    return noted;
  }
  parts_.snapshots.publish(snapshot);
  activations_.add();
  after_(*snapshot);
  return {};
}

PolicyRollout::Attempt PolicyRollout::try_folder() {
  Attempt attempt;
  auto files = load::read_folder(options_.folder);
  if (!files) {
    attempt.problem = files.error().message;
    return attempt;
  }
  load::LoadResult loaded = load::load(*files);
  attempt.revision = loaded.revision;
  attempt.diagnostics = std::move(loaded.diagnostics);
  if (loaded.set == nullptr) {
    const auto errors = std::ranges::count(attempt.diagnostics, Severity::error, &Diagnostic::severity);
    const auto first = std::ranges::find(attempt.diagnostics, Severity::error, &Diagnostic::severity);
    attempt.problem = fmt::format("{} error{} in the policies, the first: {}", errors, errors == 1 ? "" : "s",
                                  first == attempt.diagnostics.end() ? "" : to_text(*first));
    return attempt;
  }
  const auto active = parts_.snapshots.load();
  if (active != nullptr && active->revision() == loaded.revision) {
    attempt.active = true;
    return attempt;
  }
  attempt.over_suffixes = rules_over_suffixes(loaded.set->documents());
  if (auto done = activate(*files, std::move(loaded.set)); !done) {
    attempt.problem = done.error().message;
    return attempt;
  }
  attempt.active = attempt.changed = true;
  return attempt;
}

void PolicyRollout::report(const Attempt& attempt) {
  if (attempt.active) {
    parts_.readiness.met(kReadiness);
    last_refused_.clear();
    if (!attempt.changed) return;
    parts_.log.info("policies active", {{"revision", attempt.revision}});
    for (std::size_t i = 0; i < std::min(attempt.over_suffixes.size(), kDiagnosticsLogged); ++i) {
      parts_.log.warning("a rule opens a public suffix", {{"rule", attempt.over_suffixes[i]}});
    }
    return;
  }
  parts_.readiness.unmet(kReadiness, attempt.problem);
  const std::string told = attempt.revision + attempt.problem;
  if (told == last_refused_) return;
  last_refused_ = told;
  failures_.add();
  parts_.log.error("policies refused; the active revision stays", {{"problem", attempt.problem}});
  for (std::size_t i = 0; i < std::min(attempt.diagnostics.size(), kDiagnosticsLogged); ++i) {
    parts_.log.error("policy", {{"diagnostic", to_text(attempt.diagnostics[i])}});
  }
}

Status PolicyRollout::start(std::vector<Diagnostic>& diagnostics) {
  MutexLock turn(turn_);
  last_fingerprint_ = fingerprint();
  Attempt attempt = try_folder();
  report(attempt);
  diagnostics = std::move(attempt.diagnostics);
  if (!attempt.active) {
    auto latest = parts_.revisions.latest();
    if (!latest || !*latest) return fail(attempt.problem + "; and no earlier revision is stored to go on with");
    auto files = parts_.revisions.read((*latest)->revision);
    if (!files) return fail(files.error());
    load::LoadResult loaded = load::load(*files);
    if (loaded.set == nullptr) return fail("the stored revision " + (*latest)->revision + " does not load any more");
    if (auto done = activate(*files, std::move(loaded.set)); !done) return done;
    parts_.log.warning("the last good revision is active", {{"revision", (*latest)->revision}});
  }
  watcher_ = std::thread([this] { watch(); });
  return {};
}

void PolicyRollout::reload() {
  MutexLock turn(turn_);
  last_fingerprint_ = fingerprint();
  report(try_folder());
}

void PolicyRollout::watch() {
  while (true) {
    {
      MutexLock lock(mutex_);
      const auto until = std::chrono::steady_clock::now() + options_.poll;
      while (!stopping_ && lock.wait_until(wake_, until)) {
      }
      if (stopping_) return;
    }
    MutexLock turn(turn_);
    std::string now = fingerprint();
    if (now == last_fingerprint_) continue;
    if (now != settling_) {  // an editor or a copy may still be at work: act once it has been quiet for one look
      settling_ = std::move(now);
      continue;
    }
    last_fingerprint_ = std::move(now);
    report(try_folder());
  }
}

}  // namespace portreeve::pdp
