#pragma once

namespace vpclab::base {

// A caller may have closed some of the three standard streams; what is opened next would take their numbers, and get
// what is meant for people: a connection to the daemon the text of a verb. They get /dev/null, from which nothing can
// be read and to which nothing can be written, so that a text that nobody gets is an error. False where that fails.
bool openStandardStreams();

}  // namespace vpclab::base
