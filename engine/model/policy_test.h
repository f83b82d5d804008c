// Test tables that stand beside policies (SEMANTICS §14).
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/json_value.h"
#include "engine/base/time.h"
#include "engine/model/source.h"
#include "engine/net/ip_address.h"
#include "engine/wire/reason.h"

namespace portreeve::model {

// A subject of a table: claims as its issuer would state them, or one that a PEP names (`type`, `id`).
struct TestSubject {
  std::string issuer;  // name of the provider; empty where `type` is set
  JsonValue claims;
  std::string type;
  std::string id;
  JsonValue properties;
};

struct EgressCase {
  std::string url;
  std::optional<std::string> method;
  std::optional<std::vector<std::string>> addresses;  // as written: a hostile spelling is a question, too
  std::optional<std::string> sni;
};
struct SecretCase {
  std::string secret;
  std::optional<std::string> use, upstream, method, path, model;
};
struct InterpreterCase {
  std::string path;
  std::optional<std::string> file;
  bool stable = false;
};
struct ExecCase {
  std::vector<std::string> command;  // program, then arguments
  std::optional<std::string> file;
  bool stable = false;
  std::optional<InterpreterCase> interpreter;
  std::optional<std::string> cwd, user;
  std::vector<std::string> env;
  std::optional<bool> terminal;
};
struct AccessCase {
  std::string action;
  std::string resource_type, resource_id;
  JsonValue properties;
  JsonValue context;
};

struct TestSession {
  std::optional<std::string> trust;
  std::map<std::string, std::string> labels;
  std::optional<Seconds> age;
  std::optional<std::vector<std::string>> roles;  // activated; absent: all that the subject is authorised for
};

struct TestCase {
  SourcePlace place;
  std::string as;
  std::variant<EgressCase, SecretCase, ExecCase, AccessCase> question;
  std::optional<Timestamp> at;
  std::optional<TestSession> session;
  std::optional<std::string> source;

  Effect expect = Effect::deny;
  std::optional<wire::Reason> reason;
  std::optional<std::string> rule_reason;
  std::vector<Reference> by;         // each among the determining rules
  JsonValue obligations;             // what is listed must be so; null if nothing is
  std::optional<JsonValue> dry_run;  // {decision, rules}
};

struct PolicyTest : Document {
  std::map<std::string, TestSubject> subjects;
  std::vector<TestCase> cases;
};

}  // namespace portreeve::model
