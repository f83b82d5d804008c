#include "tests/engine/cel/allocations.h"

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocations = 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PORTREEVE_COUNTED false
#else
#define PORTREEVE_COUNTED true

void* operator new(std::size_t size) {
  ++allocations;
  if (void* found = std::malloc(size)) return found;
  std::abort();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#endif

namespace portreeve::cel {

std::size_t allocations_of_this_thread() { return allocations; }
bool allocations_are_counted() { return PORTREEVE_COUNTED; }

}  // namespace portreeve::cel
