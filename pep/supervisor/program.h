// Opens what a controller asks to be started, once, and says what it is.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/wire/request.h"
#include "pep/supervisor/descriptor.h"
#include "pep/supervisor/sandbox_user.h"

namespace portreeve::supervisor {

// A regular file that was opened on the way that its path describes.
struct OpenedFile {
  Descriptor file;  // O_PATH
  wire::ProgramFile described;
};

// A program as it was found: the very file that will be executed, and of a script its interpreter (one level).
struct OpenedProgram {
  OpenedFile program;
  std::unique_ptr<OpenedFile> interpreter;  // absent: the kernel runs the program itself
  std::string interpreter_argument;         // what stands behind the interpreter in the script's first line
};

// Walks `path` component by component, follows links by itself, and keeps the descriptor of what it came to. `stable`
// says that no folder on the way, no link's folder and not the file itself can be changed by `user`: by owner, mode or
// access list. Fails where there is no regular file, or a part of the way cannot be looked at.
// Requires: an absolute path.
Result<OpenedFile> open_file(const std::string& path, const SandboxUser& user);

// Opens a program, and the interpreter where its first line names one (`#!`).
Result<OpenedProgram> open_program(const std::string& path, const SandboxUser& user);

// Where a bare name is found: the first of the usual folders that has an executable file of that name. An absolute path
// is itself. Anything else fails.
Result<std::string> resolve_program(std::string_view name);

// A folder, opened without surprises, and its real path.
struct OpenedFolder {
  Descriptor folder;  // O_PATH
  std::string path;
};
Result<OpenedFolder> open_folder(const std::string& path);

// The real path of an open descriptor, as /proc tells it.
Result<std::string> real_path(int fd);

}  // namespace portreeve::supervisor
