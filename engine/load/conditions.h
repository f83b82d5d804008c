// `when:` conditions: compiled against the policy environment, each text once, with the zones they name.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/cel/cel.h"
#include "engine/load/load.h"
#include "engine/load/report.h"
#include "engine/load/yaml_tree.h"
#include "engine/model/source.h"

namespace portreeve::load {

class Conditions {
 public:
  // Both outlive this.
  Conditions(Report& report, const LoadOptions& options);

  // Compiles a rule's condition; what is wrong is reported at its place inside the YAML value.
  std::optional<model::Condition> read(const Node& node);

  // The zones that compiled conditions name, sorted by name.
  std::vector<ZoneDigest> zones() const;

 private:
  struct KnownZone {
    std::shared_ptr<const cel::Zone> zone;
    std::string sha256_hex;
  };
  Result<std::shared_ptr<const cel::Zone>> find_zone(std::string_view name);

  Report& report_;
  const LoadOptions& options_;
  const cel::TypeEnv environment_;
  std::unordered_map<std::string, std::shared_ptr<const cel::Program>> programs_;
  std::map<std::string, KnownZone, std::less<>> known_zones_;
  std::map<std::string, bool, std::less<>> used_zones_;
};

}  // namespace portreeve::load
