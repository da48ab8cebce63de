#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kernel/session.h"
#include "state/routing.h"

namespace vpclab::kernel {

// Makes, changes and removes the entries in which the two tables of a link differ, in one batch. What has gone already
// is no error.
base::Result<> changeNeighbours(Session& session, const state::Neighbours& before, const state::Neighbours& after);

// Which of the addresses in `asked` are permanent neighbours of the link, and at which MAC. Asked one by one: a dump
// walks the table of the whole host (neigh_dump_table), and so one for each namespace grows with the square of a lab.
base::Result<state::Neighbours> readNeighbours(NetlinkSocket& socket, const state::Neighbours& asked, int linkIndex,
                                               base::Deadline deadline);

}  // namespace vpclab::kernel
