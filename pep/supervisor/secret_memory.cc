#include "pep/supervisor/secret_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <string>

#include "pep/supervisor/system_error.h"

namespace portreeve::supervisor {

namespace {

constexpr unsigned kNoExecSeal = 0x0008U;  // MFD_NOEXEC_SEAL, Linux 6.3

}  // namespace

Result<Descriptor> seal(std::string_view name, std::string_view bytes) {
  const std::string label = "secret:" + std::string(name);
  Descriptor file(memfd_create(label.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecSeal));
  if (!file) file = Descriptor(memfd_create(label.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return system_fail("no memory for a secret");
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = pwrite(file.get(), bytes.data() + written, bytes.size() - written, static_cast<off_t>(written));
    if (n <= 0) return system_fail("no memory for a secret");
    written += static_cast<std::size_t>(n);
  }
  if (fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
    return system_fail("a secret cannot be sealed");
  }
  return file;
}

}  // namespace portreeve::supervisor
