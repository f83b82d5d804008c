#include "daemon/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "daemon/config_file.h"
#include "daemon/log.h"

namespace portreeve::daemon {
namespace {

// A program's options as a main.cc declares them, and one reading of them.
struct Program {
  std::string policies;
  std::vector<Endpoint> listen = {{"127.0.0.1", 8180, ""}};
  Endpoint admin{"127.0.0.1", 8181, ""};
  std::vector<std::string> peers;
  Seconds lifetime{900};
  ByteSize body{1 << 20};
  std::int64_t threads = 1;
  bool dev = false;
  LogOptions log;
  std::ostringstream out;
  std::ostringstream err;

  ConfigSpec spec() {
    ConfigSpec spec("portreeve-pdp", "answers whether a sandbox may do what it asks");
    spec.example("portreeve-pdp --policies policies --dev", "try it out on loopback");
    spec.option("policies", &policies, "DIR", "the folder of policies").required();
    spec.option("listen", &listen, "ENDPOINT", "where questions are answered");
    spec.option("admin", &admin, "ENDPOINT", "where the console is served");
    spec.option("peers.names", &peers, "NAME", "who may ask");
    spec.option("session.lifetime", &lifetime, "SPAN", "how long a session lives");
    spec.option("limits.body", &body, "SIZE", "the largest question");
    spec.option("threads", &threads, "N", "how many threads answer").range(1, 64);
    spec.flag("dev", &dev, "gates on loopback need no credential");
    add_log_options(spec, log);
    return spec;
  }
  std::optional<int> parse(const std::vector<std::string>& arguments) { return spec().parse(arguments, out, err); }
};

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "portreeve-config-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigFile() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& text) {
    const std::filesystem::path path = folder_ / "pdp.yaml";
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::filesystem::path folder_;
};

TEST(Config, ReadsEveryKindOfFlag) {
  Program p;
  const auto exit = p.parse({"--policies",
                             "dir",
                             "--listen=[::1]:0",
                             "--listen",
                             "unix:/run/p",
                             "--admin",
                             "localhost:1",
                             "--peers.names",
                             "a",
                             "--peers.names",
                             "b,c",
                             "--session.lifetime",
                             "1h30m",
                             "--limits.body",
                             "2MiB",
                             "--threads",
                             "4",
                             "--dev",
                             "--log.level",
                             "debug"});
  ASSERT_FALSE(exit) << p.err.str();
  EXPECT_EQ(p.policies, "dir");
  EXPECT_EQ(p.listen, (std::vector<Endpoint>{{"::1", 0, ""}, {"", 0, "/run/p"}}));
  EXPECT_EQ(p.admin, (Endpoint{"localhost", 1, ""}));
  EXPECT_EQ(p.peers, (std::vector<std::string>{"a", "b,c"}));
  EXPECT_EQ(p.lifetime, Seconds(5400));
  EXPECT_EQ(p.body.bytes, 2 << 20);
  EXPECT_EQ(p.threads, 4);
  EXPECT_TRUE(p.dev);
  EXPECT_EQ(p.log.level, "debug");
}

TEST(Config, KeepsDefaultsWhereNothingIsGiven) {
  Program p;
  ASSERT_FALSE(p.parse({"--policies", "dir", "--dev=false"}));
  EXPECT_EQ(p.listen, (std::vector<Endpoint>{{"127.0.0.1", 8180, ""}}));
  EXPECT_EQ(p.lifetime, Seconds(900));
  EXPECT_FALSE(p.dev);
}

TEST(Config, TellsEveryErrorOfTheFlagsAndExitsWithTwo) {
  struct Row {
    std::vector<std::string> arguments;
    std::string message;
  };
  const std::vector<Row> rows = {
      {{"--policie", "d"}, "portreeve-pdp: unknown flag `--policie` (did you mean `--policies`?)"},
      {{"--polices=d"}, "portreeve-pdp: unknown flag `--polices` (did you mean `--policies`?)"},
      {{"--log.levle", "debug"}, "portreeve-pdp: unknown flag `--log.levle` (did you mean `--log.level`?)"},
      {{"stray"}, "portreeve-pdp: unexpected argument `stray`"},
      {{"--nonsense=1", "stray"}, "portreeve-pdp: unexpected argument `stray`"},
      {{"--nonsense", "1", "stray"}, "portreeve-pdp: unexpected argument `stray`"},
      {{"-x"}, "portreeve-pdp: unexpected argument `-x`"},
      {{}, "portreeve-pdp: --policies is missing: the folder of policies"},
      {{"--policies", ""}, "portreeve-pdp: --policies: the value is empty"},
      {{"--policies", "a", "--policies", "b"}, "portreeve-pdp: --policies stands twice"},
      {{"--policies", "a", "--threads", "0"}, "portreeve-pdp: --threads: `0` is not from 1 to 64"},
      {{"--policies", "a", "--threads", "65"}, "portreeve-pdp: --threads: `65` is not from 1 to 64"},
      {{"--policies", "a", "--threads", "4x"}, "portreeve-pdp: --threads: `4x` is no whole number"},
      {{"--policies", "a", "--dev=yes"}, "portreeve-pdp: --dev: `yes` is neither `true` nor `false`"},
      {{"--policies", "a", "--log.level", "debgu"},
       "portreeve-pdp: --log.level: `debgu` is not one of debug, info, warning, error (did you mean `debug`?)"},
      {{"--policies", "a", "--admin", "host"},
       "portreeve-pdp: --admin: `host` has no port; write `HOST:PORT`, `[IPV6]:PORT` or `unix:/PATH`"},
      {{"--config", "/nowhere/pdp.yaml"}, "portreeve-pdp: cannot read the configuration `/nowhere/pdp.yaml`"},
  };
  for (const Row& row : rows) {
    Program p;
    EXPECT_EQ(p.parse(row.arguments), 2) << row.message;
    EXPECT_NE(p.err.str().find(row.message + "\n"), std::string::npos)
        << "expected: " << row.message << "\nactual: " << p.err.str();
    EXPECT_EQ(p.out.str(), "");
  }
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--policies"},
                                                    {"--policies", "a", "--session.lifetime", "15"},
                                                    {"--policies", "a", "--limits.body", "many"}}) {
    Program p;
    EXPECT_EQ(p.parse(arguments), 2);
    EXPECT_NE(p.err.str(), "");
  }
}

TEST(Config, HelpBeginsWithExamples) {
  Program p;
  EXPECT_EQ(p.parse({"--help", "--nonsense"}), 0);
  const std::string help = p.out.str();
  EXPECT_TRUE(help.starts_with("Examples:\n  portreeve-pdp --policies policies --dev\n      try it out on loopback\n"))
      << help;
  for (const char* line : {"--policies DIR           the folder of policies (required)\n",
                           "where questions are answered; may be repeated [127.0.0.1:8180]\n",
                           "how long a session lives [15m]\n", "the largest question [1MiB]\n"}) {
    EXPECT_NE(help.find(line), std::string::npos) << line << help;
  }
}

TEST(Config, PrintsTheVersion) {
  Program p;
  EXPECT_EQ(p.parse({"--version"}), 0);
  EXPECT_EQ(p.out.str(), "portreeve-pdp " + std::string(version()) + "\n");
}

TEST_F(ConfigFile, IsTheFlagsNestedAtTheDots) {
  Program p;
  const std::string file = write(
      "# a comment\n"
      "policies: dir\n"
      "listen: [\"127.0.0.1:1\", 'unix:/run/p']\n"
      "peers:\n  names:\n    - a\n    - \"true\"\n"
      "session: { lifetime: 5m }\n"
      "threads: 2\n"
      "dev: true\n"
      "log: { level: error, format: json }\n");
  ASSERT_FALSE(p.parse({"--config", file})) << p.err.str();
  EXPECT_EQ(p.policies, "dir");
  EXPECT_EQ(p.listen, (std::vector<Endpoint>{{"127.0.0.1", 1, ""}, {"", 0, "/run/p"}}));
  EXPECT_EQ(p.peers, (std::vector<std::string>{"a", "true"}));
  EXPECT_EQ(p.lifetime, Seconds(300));
  EXPECT_EQ(p.threads, 2);
  EXPECT_TRUE(p.dev);
  EXPECT_EQ(p.log.format, "json");
}

TEST_F(ConfigFile, GivesWayToFlags) {
  Program p;
  const std::string file = write("policies: of-the-file\nthreads: 2\nlisten: [\"127.0.0.1:1\"]\ndev: true\n");
  ASSERT_FALSE(p.parse({"--policies", "of-the-flag", "--config", file, "--listen", "127.0.0.1:2", "--dev=false"}))
      << p.err.str();
  EXPECT_EQ(p.policies, "of-the-flag");
  EXPECT_EQ(p.threads, 2);
  EXPECT_EQ(p.listen, (std::vector<Endpoint>{{"127.0.0.1", 2, ""}}));
  EXPECT_FALSE(p.dev);
}

TEST_F(ConfigFile, RefusesWithThePlace) {
  struct Row {
    std::string text;
    std::string message;  // after the file's name
  };
  const std::vector<Row> rows = {
      {"policie: d\n", ":1:1: error: unknown key `policie` (did you mean `policies`?)"},
      {"policies: d\nlog:\n  levl: info\n", ":3:3: error: unknown key `log.levl` (did you mean `log.level`?)"},
      {"policies: d\nlog.level: info\n", ":2:1: error: the key `log.level` (nest the keys: `log: { level: info }`)"},
      {"policies: d\npolicies: e\n", ":2:1: error: `policies` stands twice (keep one of the two)"},
      {"policies:\nthreads: 1\n", ":1:1: error: `policies` has no value (give one, or leave the key out)"},
      {"policies: ~\n", ":1:1: error: `policies` has no value (give one, or leave the key out)"},
      {"policies: ''\n", ":1:1: error: `policies` has no value (give one, or leave the key out)"},
      {"listen: []\n", ":1:1: error: `listen` is an empty list (name something, or leave the key out)"},
      {"listen: 127.0.0.1:1\n", ":1:1: error: `listen` takes a list (write `[127.0.0.1:1]`)"},
      {"policies: [a]\n", ":1:1: error: `policies` takes one value (write it without a list)"},
      {"policies: &a d\nadmin: *a\n", ":1:11: error: an anchor (write the value out where it is used)"},
      {"policies: &a d\nadmin: *a\n", ":2:8: error: an alias (write the value out)"},
      {"policies: !!str d\n", ":1:11: error: the tag `tag:yaml.org,2002:str` (write the value without it)"},
      {"listen: [[a]]\n",
       ":1:10: error: a list stands here (only a key's value may be a list, and only of plain values)"},
      {"listen: [{a: b}]\n",
       ":1:10: error: a mapping stands here (lists hold plain values only, and keys nest eight deep at most)"},
      {"threads: 99\npolicies: d\n", ":1:1: error: `threads`: `99` is not from 1 to 64"},
      {"dev: on\npolicies: d\n", ":1:1: error: `dev`: `on` is neither `true` nor `false`"},
      {"policies: d\n---\npolicies: e\n", ": error: the file has several documents (keep one)"},
      {"just text\n", ":1:1: error: the file is no mapping (write `KEY: VALUE` lines)"},
      {"policies: \xff\n", ": error: the file is not UTF-8 text (save it as UTF-8)"},
  };
  for (const Row& row : rows) {
    Program p;
    const std::string file = write(row.text);
    EXPECT_EQ(p.parse({"--config", file}), 2) << row.text;
    EXPECT_NE(p.err.str().find(file + row.message + "\n"), std::string::npos)
        << row.text << "expected: " << row.message << "\nactual: " << p.err.str();
  }
}

TEST_F(ConfigFile, TellsAllErrorsAtOnce) {
  Program p;
  const std::string file = write("polices: d\nthreads: 0\nlog: { level: loud, colour: red }\n");
  EXPECT_EQ(p.parse({"--config", file, "--nonsense"}), 2);
  const std::string said = p.err.str();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 6) << said;
}

TEST_F(ConfigFile, RefusesWhatIsNoYaml) {
  for (const char* text : {"a: [b", "a: b: c\n", "\t- x", "{", "\"", "a: 'x", "%YAML 9.9 x\n---\n", "? ? ?"}) {
    Program p;
    EXPECT_EQ(p.parse({"--config", write(text)}), 2) << text;
    EXPECT_NE(p.err.str(), "") << text;
  }
}

TEST(SettingsFile, SurvivesDeepAndMutatedInput) {
  EXPECT_FALSE(parse_settings(std::string(100'000, '['), "deep").errors.empty());
  EXPECT_FALSE(parse_settings(std::string(100'000, '{'), "deep").errors.empty());
  const std::string seedling =
      "policies: dir\nlisten: [\"127.0.0.1:1\", 'unix:/run/p']\npeers:\n  names:\n    - a\n    - &x b\n    - *x\n"
      "session: { lifetime: 5m, deep: { deeper: !!int 1 } }\n? [odd]\n: value\n";
  constexpr unsigned kSeed = 20261124;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  const std::string alphabet = "{}[]:,-?&*!|>'\"%@`# \n\t~a.\xff";
  for (int i = 0; i < 5'000; ++i) {
    std::string text = seedling;
    for (auto n = random() % 6 + 1; n > 0; --n) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, random() % 8);
      } else {
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
      if (text.empty()) text = " ";
    }
    for (const Setting& setting : parse_settings(text, "mutated").settings)
      EXPECT_FALSE(setting.values.empty()) << text;
  }
}

}  // namespace
}  // namespace portreeve::daemon
