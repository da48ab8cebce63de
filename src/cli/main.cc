#include "cli/verb.h"

int main(int argc, char** argv) {
  return vpclab::cli::runCommandLine(argc, argv);
}
