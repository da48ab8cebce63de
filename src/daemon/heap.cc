#include "daemon/heap.h"

#include <cstddef>
#include <cstdint>

#include <jemalloc/jemalloc.h>
#include <unistd.h>

// jemalloc reads it before main. One arena, for large blocks, too: what one thread frees serves the next one, and to
// observe a lab would fill an arena for each thread. Nothing is given back as time goes by.
extern "C" const char* malloc_conf;
const char* malloc_conf = "narenas:1,oversize_threshold:0,lg_tcache_max:13,dirty_decay_ms:-1,muzzy_decay_ms:0";

// There where it is linked: not beside a sanitizer's heap.
#pragma weak mallctl

namespace vpclab::daemon {

void giveBackHeap(std::size_t kept) {
  if (&mallctl == nullptr) {
    return;
  }
  std::uint64_t epoch = 1;  // the statistics are as old as the last time that this was set
  std::size_t idle = 0;     // pages
  std::size_t size = sizeof(idle);
  if (mallctl("epoch", nullptr, nullptr, &epoch, sizeof(epoch)) == 0 &&
      mallctl("stats.arenas.0.pdirty", &idle, &size, nullptr, 0) == 0 &&
      idle * static_cast<std::size_t>(::getpagesize()) > kept) {
    (void)mallctl("arena.0.purge", nullptr, nullptr, nullptr, 0);
  }
}

}  // namespace vpclab::daemon
