// YAML policies in, a checked policy set out: all of it, or everything that is wrong with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/base/result.h"
#include "engine/model/policy_set.h"
#include "engine/wire/policy_file.h"

namespace portreeve::load {

struct LoadOptions {
  std::string zoneinfo = "/usr/share/zoneinfo";  // where zones that conditions name are read from (TZif)
};

struct LoadResult {
  // Null if there is any error.
  std::shared_ptr<const model::CheckedPolicySet> set;
  // Errors and warnings, sorted by place. At most limits::kDiagnostics of each; the last says how many more there are.
  std::vector<Diagnostic> diagnostics;
  // As revision_of(), of these files and the zones that conditions name; also of a set with errors.
  std::string revision;
};

// Reads a policy folder: every `*.yaml` and `*.yml` below it, sorted by path; hidden files and folders left out;
// symbolic links followed (a mounted ConfigMap is made of them). Fails where the folder cannot be read, holds no such
// file, a file or the whole is over its bound (limits.h), links form a cycle, or a path holds a backslash, a control
// character or ill-formed UTF-8.
Result<std::vector<wire::PolicyFile>> read_folder(const std::string& folder);

// Reads and checks a policy set. Any bytes may be given. Pure but for zone files; any thread.
// Cost: linear in the bytes, about 3 s for 100 000 rules.
LoadResult load(const std::vector<wire::PolicyFile>& files, const LoadOptions& options = {});

// A zone that a condition names, and the bytes of its file.
struct ZoneDigest {
  std::string name;
  std::string sha256_hex;
};

// "sha256:" and the SHA-256, in lower-case hexadecimal, of the text that sha256sum prints for the files, sorted
// bytewise by path, and of a like line for each zone:
//
//     <sha256 hex>  web/research.yaml\n
//     <sha256 hex>  zone:Europe/Berlin\n
//
// so that, for a set whose conditions name no zone, this prints the revision's figure:
//
//     cd policies && find -L . \( -name '*.yaml' -o -name '*.yml' \) -not -path '*/.*' -type f -printf '%P\n' |
//         LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum
std::string revision_of(const std::vector<wire::PolicyFile>& files, const std::vector<ZoneDigest>& zones = {});

// The JSON Schema (2020-12) of one document of the language, made from the field table that drives the reader.
std::string json_schema();

// The fields of one kind as Markdown tables, from the same table: what docs/policy-language.md shows. Empty for no
// kind.
std::string field_reference(std::string_view kind);
// The kinds, in the order of the reference.
std::vector<std::string_view> kinds();

}  // namespace portreeve::load
