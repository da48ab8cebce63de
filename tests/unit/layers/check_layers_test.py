#!/usr/bin/env python3
"""The layer check finds what it is there to find."""
import pathlib
import tempfile
import unittest

from check_layers import arrows, breaches

CMAKE = "vpclab_folder(base)\nvpclab_folder(net USES base\n  LIBRARIES PkgConfig::X)\nvpclab_folder(kernel USES base net)\n"


class Layers(unittest.TestCase):
    def found(self, files: dict[str, str], cmake: str = CMAKE) -> list[str]:
        with tempfile.TemporaryDirectory() as name:
            src = pathlib.Path(name)
            (src / "CMakeLists.txt").write_text(cmake)
            for path, text in files.items():
                (src / path).parent.mkdir(exist_ok=True)
                (src / path).write_text(text)
            return list(breaches(src))

    def test_reads_uses_only(self):
        self.assertEqual(arrows(CMAKE), {"base": set(), "net": {"base"}, "kernel": {"base", "net"}})

    def test_allowed(self):
        self.assertEqual(self.found({"base/a.h": "", "net/b.cc": '#include "base/a.h"\n'}), [])

    def test_forbidden_arrow(self):
        found = self.found({"net/b.h": "", "base/a.cc": '\n#include "net/b.h"\n'})
        self.assertEqual(found, ["base/a.cc:2: base may not include from net"])

    def test_kernel_header_in_a_pure_folder(self):
        self.assertIn("net/b.cc:1", self.found({"net/b.cc": "#include <linux/if_link.h>\n"})[0])

    def test_environment_in_a_pure_folder(self):
        self.assertIn("net/b.cc:1", self.found({"net/b.cc": 'auto x = std::getenv("HOME");\n'})[0])

    def test_c_library_in_a_header(self):
        self.assertIn("base/a.h:1", self.found({"base/a.h": "#include <libmnl/libmnl.h>\n"})[0])

    def test_undeclared_folder(self):
        self.assertIn("folder odd", self.found({"odd/a.h": ""})[0])

    def test_arrow_that_closes_a_ring(self):
        ring = "vpclab_folder(base USES net)\nvpclab_folder(net USES base)\n"
        self.assertIn("base uses net", self.found({}, ring)[0])


if __name__ == "__main__":
    unittest.main()
