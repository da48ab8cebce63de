#include "daemon/permission.h"

#include <doctest/doctest.h>

namespace vpclab::daemon {

TEST_CASE("a lab that runs commands is root's and the daemon's owner's to apply") {
  lab::Lab lab;
  lab.servers["quiet"].id = "quiet";
  lab::Server& loud = lab.servers["loud"];
  loud.id = "loud";
  CHECK(mayApply(lab, 1001, 0).has_value());
  loud.run = {"sh", "-c", "true"};
  loud.pos = {"lab.yaml", 7, 3};
  CHECK(mayApply(lab, 0, 1000).has_value());
  CHECK(mayApply(lab, 1000, 1000).has_value());
  const auto refused = mayApply(lab, 1001, 0);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind() == base::ErrorKind::kPermission);
  CHECK(refused.error().message() ==
        "lab.yaml:7:3: server loud has `run`: only root may apply a lab that runs commands, and this is uid 1001");
}

}  // namespace vpclab::daemon
