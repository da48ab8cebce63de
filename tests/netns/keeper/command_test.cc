#include <cerrno>
#include <csignal>

#include <doctest/doctest.h>

#include "keeper/watcher.h"
#include "netns/keeper/fixture.h"

using namespace vpclab;
using namespace vpclab::test;

namespace {

// Runs a shell script as a lab's command until it has printed "END", and returns what it printed before.
std::string outputOf(keeper::Client& client, const std::string& script, std::vector<state::PrivateFile> files = {}) {
  const auto put = client.put(
      command("n1", {"sh", "-c", "exec 2>&1; " + script + "; echo END; sleep 1000"}, std::move(files)), soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  std::string text;
  CHECK(eventually([&] {
    text = client.output("n1", "run", soon()).value_or("");
    return text.ends_with("END\n");
  }));
  CHECK(client.remove("n1", "run", soon()));
  return text.substr(0, text.rfind("END\n"));
}

// Removed at the end, even where a check has given up.
struct HostDirectory {
  std::string path = "/var/lib/vpclab-test-" + std::to_string(::getpid());
  HostDirectory() = default;
  HostDirectory(const HostDirectory&) = delete;
  HostDirectory& operator=(const HostDirectory&) = delete;
  ~HostDirectory() { shell("umount " + path + " 2>/dev/null; rm -rf --one-file-system " + path); }
};

}  // namespace

TEST_CASE("a command has its node's name, network, processes, and nothing to hold on to") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  CHECK(outputOf(client,
                 "hostname; echo $$; ls /sys/class/net; ls /proc/self/fd | wc -l; cat /proc/1/comm; ls /proc/1/root/ "
                 "2>/dev/null") == "n1\n2\nlo\n4\nvpclab-init\n");
  CHECK(outputOf(client,
                 "readlink /proc/$$/fd/0; pwd; umask; cat /proc/self/oom_score_adj; grep SigBlk /proc/self/status") ==
        "/dev/null\n/\n0022\n" + slurp("/proc/self/oom_score_adj") + "SigBlk:\t0000000000000000\n");
}

TEST_CASE("a command sees its own /run, /tmp and /var/log; the host's mounts and files stay as they are") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  const std::string mounts = slurp("/proc/self/mountinfo");
  const std::string out =
      outputOf(client,
               "for d in /run /tmp /var/log /run/lock /var/tmp; do echo hi > $d/vpclab-test; cat $d/vpclab-test; done;"
               "ls /run/netns /run/vpclab; test -d /var/log/apt && echo apt; stat -c %a /tmp /run/lock;"
               "echo 1 > /proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward;"
               "echo x > /proc/sys/kernel/hostname; mount -t tmpfs none /mnt; date -s 2020-01-01 >/dev/null;"
               "cat /proc/sys/net/ipv4/ip_forward");
  CHECK(out.find("hi\nhi\nhi\nhi\nhi\n") == 0);
  CHECK(out.find("cannot access '/run/netns'") != std::string::npos);
  CHECK(out.find("1777\n1777\n1\n") != std::string::npos);
  CHECK(out.find("Read-only file system") != std::string::npos);
  CHECK(out.find("permission denied") != std::string::npos);
  CHECK(out.find("cannot set date") != std::string::npos);
  CHECK(slurp("/proc/self/mountinfo") == mounts);
  CHECK(shell("ls -d /run/vpclab-test /tmp/vpclab-test /var/log/vpclab-test /run/lock/vpclab-test /var/tmp/vpclab-test "
              "2>/dev/null") == "");
}

TEST_CASE("what the host unmounts is gone for a command that runs, too") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  const HostDirectory directory;
  shell("mkdir " + directory.path + " && mount -t tmpfs vpclab-test " + directory.path);
  REQUIRE(client.put(command("n1", {"sleep", "1000"}), soon()));
  const std::string mounts = "/proc/" + std::to_string(client.list(soon())->processes[0].pid) + "/mountinfo";
  CHECK(slurp(mounts).find(directory.path) != std::string::npos);
  CHECK(shell("umount " + directory.path + " 2>&1").empty());
  CHECK(slurp(mounts).find(directory.path) == std::string::npos);
}

TEST_CASE("private files: over one that exists, in a directory that does not, at the root, through a link") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  const std::string beside = lab.address().runDir + "-files";
  shell("mkdir -p " + beside + "/sub; echo host > " + beside + "/old; echo sibling > " + beside +
        "/sub/kept; chmod 640 " + beside + "/old; ln -s old " + beside + "/link; ln -s nowhere " + beside +
        "/dangling");
  // Not in /tmp, of which the command has its own.
  const HostDirectory directory;
  const std::string& host = directory.path;
  shell("cp -a " + beside + " " + host);
  const std::string tree = shell("ls -laR " + host + "; ls -1a /; cat " + host + "/old");
  const std::string out = outputOf(client,
                                   "cd " + host +
                                       "; cat old link new a/b/c /vpclab-root/x sub/kept dangling; stat -c %a old new; "
                                       "ls; ls / | wc -l; ls /etc | wc -l",
                                   {{host + "/link", "over\n"},
                                    {host + "/new", "new\n"},
                                    {host + "/a/b/c", "deep\n"},
                                    {host + "/dangling", "found\n"},
                                    {"/vpclab-root/x", "root\n"}});
  CHECK(out == "over\nover\nnew\ndeep\nroot\nsibling\nfound\n640\n644\na\ndangling\nlink\nnew\nold\nsub\n" +
                   std::to_string(std::stoi(shell("ls / | wc -l")) + 1) + "\n" + shell("ls /etc | wc -l"));
  CHECK(shell("ls -laR " + host + "; ls -1a /; cat " + host + "/old") == tree);
  for (const char* path : {"relative", "/", "/proc/x", "/a/../b", "/a//b", "/dev/null"}) {
    CHECK(client.put(command("n1", {"true"}, {{path, ""}}), soon()).error().kind() == base::ErrorKind::kInvalid);
  }
}

TEST_CASE("a command that cannot be run is the put's error, in the kernel's words") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  auto put = client.put(command("n1", {"no-such-program"}), soon());
  REQUIRE_FALSE(put);
  CHECK(put.error().message().find("exec no-such-program: No such file or directory") != std::string::npos);
  CHECK(put.error().errnoValue() == ENOENT);
  put = client.put(command("n1", {"/etc/passwd"}), soon());
  REQUIRE_FALSE(put);
  CHECK(put.error().message().find("exec /etc/passwd: Permission denied") != std::string::npos);
  CHECK(put.error().errnoValue() == EACCES);
  CHECK(client.list(soon())->processes.empty());
}

TEST_CASE("a command that ends is started again, later each time; how it ended is told") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  auto watcher = keeper::Watcher::connect(lab.address(), soon());
  REQUIRE(watcher);
  REQUIRE(client.put(command("n1", {"sh", "-c", "echo once; exit 7"}), soon()));
  std::vector<base::Clock::time_point> exits;
  while (exits.size() < 3) {
    const auto event = watcher->next(soon());
    REQUIRE(event);
    if (event->state == keeper::RunState::kBackOff) {
      CHECK(event->lastExit == "exit status 7");
      exits.push_back(base::Clock::now());
    }
  }
  CHECK(exits[1] - exits[0] >= base::Milliseconds(90));
  CHECK(exits[2] - exits[1] >= base::Milliseconds(190));
  CHECK(client.output("n1", "run", soon())->find("once\nonce\n") == 0);
  CHECK(client.remove("n1", "run", soon()));
  CHECK(client.list(soon())->processes.empty());
}

TEST_CASE("a command that makes daemons leaves none") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(
      command("n1",
              {"sh", "-c", "(setsid sh -c 'trap \"\" TERM INT HUP; while :; do sleep 1; done' &); exec sleep 1000"}),
      soon()));
  const pid_t pid = client.list(soon())->processes[0].pid;
  CHECK(eventually([&] { return slurp("/proc/" + std::to_string(pid) + "/comm") == "sleep\n"; }));
  const PidSpace space(pid);
  CHECK(space.members() >= 3);
  CHECK(client.remove("n1", "run", soon()));
  CHECK(space.members() == 0);
}

TEST_CASE("SIGTERM first: a command may clean up") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  const std::string mark = lab.address().runDir + "-mark";
  const std::string inside = "/var/lib/vpclab-term-" + std::to_string(::getpid());
  REQUIRE(client.put(
      command("n1",
              {"sh", "-c", "trap 'echo bye > " + inside + "; exit 0' TERM; echo up; while :; do sleep 0.05; done"}),
      soon()));
  REQUIRE(eventually([&] { return client.output("n1", "run", soon()) == "up\n"; }));
  CHECK(client.remove("n1", "run", soon()));
  CHECK(slurp(inside) == "bye\n");
  ::unlink(inside.c_str());
}

TEST_CASE("the output that is kept is bounded, and nobody waits for a reader") {
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  REQUIRE(client.put(command("n1", {"sh", "-c", "seq 1 200000; echo END; sleep 1000"}), soon()));
  std::string text;
  CHECK(eventually([&] {
    text = client.output("n1", "run", soon()).value_or("");
    return text.ends_with("200000\nEND\n");
  }));
  CHECK(text.size() <= 256 << 10);
  CHECK(text.size() > 200 << 10);
  CHECK(text.find("\n") == 6);  // whole lines: six digits
}

TEST_CASE("a real Apache httpd serves a private page in its node") {
  if (shell("command -v apache2ctl").empty()) {
    MESSAGE("skipped: no apache2");
    return;
  }
  Lab lab;
  lab.addNetns("n1");
  auto client = lab.keeper();
  const auto put = client.put(
      command("n1", {"apache2ctl", "-DFOREGROUND"}, {{"/var/www/html/index.html", "<h1>private page</h1>\n"}}), soon());
  REQUIRE_MESSAGE(put.has_value(), put.error().message());
  const std::string page = "nsenter --net=" + lab.pin("n1") + " curl -s --max-time 2 http://127.0.0.1/";
  CHECK(eventually([&] { return shell(page) == "<h1>private page</h1>\n"; }));
  CHECK(client.remove("n1", "run", soon()));
  CHECK(shell(page).empty());
}
