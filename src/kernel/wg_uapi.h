#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "kernel/wg_change.h"

namespace vpclab::kernel {

// The text protocol of userspace WireGuard, https://www.wireguard.com/xplatform/, on a connected stream socket.

std::string uapiSetRequest(const WgChange& change);
// Keys, port and peers from the answer to "get=1". Errors: kProtocol; kSystem with the device's errno.
// `traffic`, where asked for, gets what each peer has been up to.
base::Result<state::WgDevice> parseUapiAnswer(std::string_view answer, WgTraffics* traffic = nullptr);

base::Result<> writeUapi(const base::UniqueFd& socket, const WgChange& change, base::Deadline deadline);
base::Result<state::WgDevice> readUapi(const base::UniqueFd& socket, base::Deadline deadline,
                                       WgTraffics* traffic = nullptr);

}  // namespace vpclab::kernel
