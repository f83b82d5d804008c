#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/pep/world.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string why;
  if (!portreeve::pep::enter_network_namespace(why)) std::printf("without a network namespace: %s\n", why.c_str());
  return RUN_ALL_TESTS();
}
