#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/pep/supervisor/guest.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string why;
  if (!portreeve::supervisor::enter_control_namespace(why)) {
    std::printf("not run: %s\n", why.c_str());
    return 77;  // ctest: skipped
  }
  return RUN_ALL_TESTS();
}
