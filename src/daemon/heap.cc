#include "daemon/heap.h"

#include <cstddef>

#include <malloc.h>
#include <unistd.h>

namespace vpclab::daemon {

namespace {

// The `apply` of 1,000 servers takes and frees again about as much.
constexpr int kKeptBytes = 32 << 20;
// A growing heap asks the kernel for so much at once.
constexpr int kStepBytes = 1 << 20;
// The most that glibc takes. Smaller than that are all lists of a large lab: mapped apart, they would be faulted in
// anew each time.
constexpr int kMappedBytes = 32 << 20;

// Of the only arena, which nothing else lies above: brk(2).
const char* heapEnd() {
  return static_cast<const char*>(::sbrk(0));
}

const char* heapBegin = nullptr;

}  // namespace

void setUpHeap() {
  heapBegin = heapEnd();
  // What one thread frees serves the next one: by default each has a heap of its own, and observing a lab fills them
  // all.
  (void)::mallopt(M_ARENA_MAX, 1);
  (void)::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  (void)::mallopt(M_TOP_PAD, kStepBytes);
  (void)::mallopt(M_MMAP_THRESHOLD, kMappedBytes);
}

void giveBackHeap() {
  // To add up what lies idle means to walk through it all.
  if (heapEnd() - heapBegin > kKeptBytes && ::mallinfo2().fordblks > std::size_t{kKeptBytes}) {
    (void)::malloc_trim(0);
  }
}

}  // namespace vpclab::daemon
