#pragma once

namespace vpclab::daemon {

// Makes the kernel's table of this process' descriptors as large as it will be. It grows by itself too, but in a
// process with several threads each time at the price of a grace period of RCU (expand_files in the kernel's
// fs/file.c): some 10 ms, in the middle of an apply. To be called before the first thread is started. Best effort.
void growDescriptorTable();

}  // namespace vpclab::daemon
