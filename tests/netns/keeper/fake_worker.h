#pragma once

namespace vpclab::test {

// A worker that serves one answer per connection, its pid, on every socket that it is given. As part of its
// configuration's names: a listener named "refuse" makes it refuse the configuration, "hang" makes it never answer,
// "deaf" neither answer nor end when asked to, "crash" makes it end before it answers.
int runFakeWorker();

}  // namespace vpclab::test
