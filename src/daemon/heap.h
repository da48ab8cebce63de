#pragma once

namespace vpclab::daemon {

// The C library's heap, as a process needs it whose memory goes up with each verb and down behind it: mallopt(3).
// To be called before the first thread is started.
void setUpHeap();

// Gives what lies idle back to the kernel where it is more than a moderate lab's verbs need. To be called when an
// operation is over; the next one would fault in again, page by page, what was given back.
void giveBackHeap();

}  // namespace vpclab::daemon
