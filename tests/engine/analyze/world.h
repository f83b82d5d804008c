// One small policy set of all four domains, and questions about it as the wire brings them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/analyze/explanation.h"
#include "engine/compile/snapshot.h"
#include "engine/wire/request.h"

namespace portreeve::analyze {

// Who asks: by its `sub` at the provider `idp`, its claims as JSON.
struct Asker {
  std::string sub = "rita";
  std::string claims = R"({"groups": ["/agents"], "org": "acme", "floor": 2})";
  std::optional<wire::Reason> failure = std::nullopt;
  bool asserted = false;
  std::optional<std::vector<std::string>> roles = std::nullopt;  // that the session has activated; sorted
};

class World {
 public:
  World();  // of world.yaml
  explicit World(std::string yaml);

  const compile::Snapshot& snapshot() const { return *snapshot_; }
  const std::vector<wire::PolicyFile>& files() const { return files_; }

  // `what`: an action, a resource's type and id, and its properties as JSON.
  struct What {
    std::string action, type, id, properties;
  };
  wire::Request request(const What& what, const Asker& asker = {}) const;
  Explanation explain(const What& what, const Asker& asker = {}) const {
    return analyze::explain(snapshot(), request(what, asker), &files_);
  }

 private:
  std::vector<wire::PolicyFile> files_;
  std::shared_ptr<const compile::Snapshot> snapshot_;
};

World::What connect(const std::string& host, int port = 443, const std::string& addresses = R"("23.0.0.10")",
                    const std::string& more = "");

}  // namespace portreeve::analyze
