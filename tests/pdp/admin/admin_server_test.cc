// The admin listener's socket.
#include "pdp/admin/admin_server.h"

#include <gtest/gtest.h>

#include "daemon/endpoint.h"
#include "daemon/metrics.h"
#include "daemon/readiness.h"

namespace portreeve::pdp {
namespace {

TEST(AdminServer, SharesItsPortWithNobody) {
  const daemon::Readiness readiness({});
  daemon::Metrics metrics;
  const auto any = daemon::parse_endpoint("127.0.0.1:0");
  ASSERT_TRUE(any);
  const auto first = AdminServer::listen(*any, {readiness, metrics});
  ASSERT_TRUE(first) << first.error().message;
  const auto second = AdminServer::listen((*first)->endpoint(), {readiness, metrics});
  EXPECT_FALSE(second) << "two listeners on one port";
}

}  // namespace
}  // namespace portreeve::pdp
