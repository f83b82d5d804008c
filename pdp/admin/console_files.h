// The console as a browser fetches it: the files that tools/console-build made, held in memory.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "pdp/http/http_message.h"

namespace portreeve::pdp {

inline constexpr char kConsolePath[] = "/console/";

// Immutable. Any thread.
class ConsoleFiles {
 public:
  // None: each page then says how the console is built.
  ConsoleFiles() = default;
  // Reads `folder`: `index.html`, and files of the kinds that the console has, each with its `.gz` where there is one;
  // anything else, hidden files and symbolic links are left out. `accounting`: the origin that pages may also ask, or
  // empty. Fails without `index.html`, and beyond kMaxConsoleBytes.
  static Result<ConsoleFiles> read(const std::string& folder, std::string_view accounting);

  // The answer to GET or HEAD. `/` and `/console` lead to kConsolePath; below it a path that names no file is a page's,
  // and the answer `index.html`, but for `assets/`, where it is 404. Names are compared, never looked up on a disk.
  HttpResponse answer(const HttpRequest& request) const;

  // True for what answer() is for.
  static bool is_console_path(std::string_view path);

 private:
  struct File {
    std::string type;
    std::string bytes;
    std::string gzip;  // empty where the build has none
  };
  HttpResponse send(const HttpRequest& request, const File& file, std::string_view cache) const;

  std::map<std::string, File, std::less<>> files_;  // by their path below the folder
  std::string policy_;                              // Content-Security-Policy
};

}  // namespace portreeve::pdp
