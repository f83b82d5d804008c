// `portreeve channel`: the keys of a supervisor and of its controller.
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>

#include "daemon/key_file.h"
#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "pep/supervisor/channel/keys.h"
#include "tools/portreeve/command.h"

namespace portreeve::cli {
namespace {

struct Options {
  std::string session, credential, boot, channel;
};

Status write_documents(const Options& options) {
  channel::SecretText credential;
  if (!options.credential.empty()) {
    TRY_ASSIGN(std::string text, read_input(options.credential, limits::kTokenBytes));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    credential = channel::SecretText(std::move(text));
  }
  TRY_ASSIGN(const auto pair, channel::make_channel(options.session, std::move(credential)));
  TRY_ASSIGN([[maybe_unused]] const bool boot,
             daemon::write_key_file(options.boot, pair.boot.to_text(), daemon::IfPresent::replace));
  TRY_ASSIGN([[maybe_unused]] const bool written,
             daemon::write_key_file(options.channel, pair.channel.to_text(), daemon::IfPresent::replace));
  return {};
}

}  // namespace

Run declare_channel(CLI::App& program) {
  CLI::App& app = add_subcommand(program, "channel", "Make the keys of one supervisor's control channel.",
                                 "portreeve channel --session ses_01K... --credential-file supervisor.jwt "
                                 "--boot run/boot --channel run/channel");
  const auto options = std::make_shared<Options>();
  app.add_option("--session", options->session, "The session that the sandbox is for")->required()->type_name("ID");
  app.add_option("--credential-file", options->credential,
                 "Holds the session's supervisor token; `-` is standard input")
      ->type_name("FILE");
  app.add_option("--boot", options->boot, "Written for the supervisor, which reads it from a descriptor")
      ->required()
      ->type_name("FILE");
  app.add_option("--channel", options->channel, "Written for `portreeve exec`")->required()->type_name("FILE");
  return [options](Terminal& terminal) {
    if (auto status = write_documents(*options); !status) return failed(terminal, status.error().message);
    return ExitCode::ok;
  };
}

}  // namespace portreeve::cli
