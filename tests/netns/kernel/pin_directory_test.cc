#include "kernel/pin_directory.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <string>

#include "lab_fixture.h"

using namespace vpclab;
using tests::LabFixture;
using tests::shell;

namespace {

// One line of mountinfo for each mount on the directory or in it.
std::string mountsIn(const std::string& directory) {
  std::ifstream file("/proc/self/mountinfo");
  std::string out;
  for (std::string line; std::getline(file, line);) {
    out += line.find(" " + directory) == std::string::npos ? "" : line + "\n";
  }
  return out;
}

bool isShared(const std::string& mounts) {
  return std::count(mounts.begin(), mounts.end(), '\n') == 1 && mounts.find(" shared:") != std::string::npos;
}

// What `ip netns add` does, but not at /run/netns: its first run makes the directory a mount point.
void addAsIpNetns(const std::string& directory, const std::string& name) {
  const std::string pin = directory + "/" + name;
  shell("mkdir -p " + directory + "; mount --make-rshared " + directory + " || { mount --rbind " + directory + " " +
        directory + " && mount --make-rshared " + directory + "; }");
  shell("touch " + pin + " && unshare --net=" + pin + " true");
}

// A place for such a directory, which takes everything with it.
struct Place {
  ~Place() { shell("umount " + path + "/foo; umount " + path + "; rm -rf --one-file-system " + lab.directory + "/at"); }
  bool anything() const { return std::filesystem::exists(path) || std::filesystem::exists(note); }

  LabFixture lab;
  std::string path = lab.directory + "/at/netns";
  std::string note = path + ".made-by-vpclab";
};

}  // namespace

TEST_CASE("the directory of pins is a shared mount of itself while it is in use, and gone afterwards") {
  tests::skipUnlessRoot();
  Place place;
  auto use = kernel::makePinDirectory(place.path);
  REQUIRE(use);
  CHECK(isShared(mountsIn(place.path)));
  CHECK(kernel::makePinDirectory(place.path));
  CHECK(isShared(mountsIn(place.path)));
  kernel::removePinDirectory(place.path);
  CHECK(place.anything());  // somebody is about to pin something there
  use->reset();
  kernel::removePinDirectory(place.path);
  CHECK_FALSE(place.anything());
  CHECK(mountsIn(place.path).empty());
}

TEST_CASE("whatever a killed daemon has left half made is made whole, or taken away") {
  tests::skipUnlessRoot();
  Place place;
  const std::string mkdir = "mkdir -p " + place.path;
  const std::string mount =
      " && mount --bind " + place.path + " " + place.path + " && mount --make-private " + place.path;
  const std::vector<std::string> states = {
      "mkdir -p " + place.lab.directory + "/at && touch " + place.note,
      "mkdir -p " + place.lab.directory + "/at && echo directory >" + place.note,
      mkdir + " && echo directory >" + place.note,
      mkdir + mount + " && echo directory >" + place.note,
      mkdir + mount + " && printf 'directory\\ndone\\n' >" + place.note,
      mkdir + " && printf 'directory\\ndone\\n' >" + place.note,  // a machine that has been restarted
  };
  for (const bool used : {false, true}) {
    for (const std::string& state : states) {
      CAPTURE(used);
      CAPTURE(state);
      CHECK(shell(state) == "");
      if (used) {
        REQUIRE(kernel::makePinDirectory(place.path));
        CHECK(mountsIn(place.path).find(place.path) != std::string::npos);
      }
      kernel::removePinDirectory(place.path);
      CHECK_FALSE(place.anything());
      CHECK(mountsIn(place.path).empty());
    }
  }
}

TEST_CASE("a namespace that ip-netns(8) adds while a lab is up does not bury the lab's") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"one", "two"});
  addAsIpNetns(lab.netnsDir(), "foo");
  lab.makeNodes({"three"});
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK(shell("ls " + lab.netnsDir()) == "foo\n");
  CHECK(shell("nsenter --net=" + lab.netnsDir() + "/foo true") == "");
  CHECK_FALSE(std::filesystem::exists(lab.netnsDir() + ".made-by-vpclab"));  // it is not ours any more
  shell("umount " + lab.netnsDir() + "/foo; umount " + lab.netnsDir());
}

TEST_CASE("a directory that was there before is left as it was") {
  tests::skipUnlessRoot();
  LabFixture lab;
  std::string before;
  SUBCASE("made by ip-netns(8)") {
    addAsIpNetns(lab.netnsDir(), "foo");
    before = mountsIn(lab.netnsDir());
    CHECK_FALSE(before.empty());
  }
  SUBCASE("made by hand") {
    shell("mkdir " + lab.netnsDir() + " && touch " + lab.netnsDir() + "/foo");
  }
  lab.makeNodes({"one"});
  CHECK_FALSE(mountsIn(lab.netnsDir()).empty());
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK(mountsIn(lab.netnsDir()) == before);
  CHECK(shell("ls " + lab.netnsDir()) == "foo\n");
  CHECK_FALSE(std::filesystem::exists(lab.netnsDir() + ".made-by-vpclab"));
  shell("umount " + lab.netnsDir() + "/foo; umount " + lab.netnsDir());
}

TEST_CASE("of two daemons, the last one takes the directory away, whoever made it") {
  tests::skipUnlessRoot();
  LabFixture lab;
  lab.makeNodes({"one"});
  const auto other = lab.makeSystem(lab.directory + "/other-run");
  plan::Step step;
  step.action = plan::Action::kCreate;
  step.key = state::keyOf(state::Netns{"two"});
  step.after = std::make_shared<const state::Object>(state::Netns{"two"});
  REQUIRE(other->execute("other", std::vector{step}, LabFixture::soon()).front());
  CHECK(lab.system->destroy(lab.name, LabFixture::soon()).empty());
  CHECK(isShared(mountsIn(lab.netnsDir() + " ")));
  CHECK(other->destroy("other", LabFixture::soon()).empty());
  CHECK_FALSE(std::filesystem::exists(lab.netnsDir()));
  CHECK_FALSE(std::filesystem::exists(lab.netnsDir() + ".made-by-vpclab"));
}
