#!/usr/bin/env python3
"""Checks the arrows between the folders of src/: check_layers.py SRC

A folder may include from itself and from the folders that its vpclab_folder(... USES ...) names in SRC/CMakeLists.txt.
The folders that compute (PURE) include no kernel header and read no file, clock or environment. The kernel's C libraries
appear in no header outside kernel/. Prints every breach as file:line; exit status 1 if there is one.
"""
import pathlib
import re
import sys

PURE = {"net", "state", "lab", "compile", "plan"}
KERNEL_HEADER = re.compile(r"<(linux/|sys/(socket|ioctl|mount|stat|epoll|un)\.h|net/if\.h|netinet/|arpa/|sched\.h|unistd\.h|fcntl\.h)")
# std::filesystem::path is arithmetic on text; the functions beside it look at the disk.
WORLD = re.compile(r"<fstream>|filesystem::(?!path\b)|\bgetenv\s*\(|_clock::now\s*\(|\bfopen\s*\(")
# <arpa/inet.h> holds inet_pton(3), which is arithmetic on text.
ARITHMETIC = re.compile(r"<arpa/inet\.h>")
C_LIBRARY = re.compile(r"<(libmnl|netlink|nftables|libnl)[/.>]")
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')


def arrows(cmake: str) -> dict[str, set[str]]:
    uses = {}
    for call in re.findall(r"^vpclab_folder\(([^)]*)\)", cmake, re.M):
        words = call.split()
        allowed, reading = set(), False
        for word in words[1:]:
            if word.isupper() and "::" not in word:
                reading = word == "USES"
            elif reading:
                allowed.add(word)
        uses[words[0]] = allowed
    return uses


def cycle(uses: dict[str, set[str]]) -> list[str]:
    """A folder sees only folders declared above it, so the arrows cannot close a ring."""
    seen: set[str] = set()
    for folder, allowed in uses.items():
        for other in sorted(allowed - seen):
            return [folder, other]
        seen.add(folder)
    return []


def breaches(src: pathlib.Path):
    uses = arrows((src / "CMakeLists.txt").read_text())
    if not uses:
        yield "CMakeLists.txt: no vpclab_folder() found"
    if pair := cycle(uses):
        yield f"CMakeLists.txt: {pair[0]} uses {pair[1]}, which is not declared above it"
    for path in sorted([*src.rglob("*.h"), *src.rglob("*.cc")]):
        where = path.relative_to(src)
        folder = where.parts[0]
        if folder not in uses:
            yield f"{where}: folder {folder} is not in CMakeLists.txt"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if found := INCLUDE.match(line):
                target = found.group(1)
                other = target.split("/")[0]
                if "/" not in target:
                    yield f"{where}:{number}: \"{target}\" is not written from src/"
                elif other != folder and other not in uses[folder]:
                    yield f"{where}:{number}: {folder} may not include from {other}"
                elif not (src / target).exists():
                    yield f"{where}:{number}: {target} is not in src/"
            code = line.split("//")[0]
            if folder in PURE and not ARITHMETIC.search(code) and (KERNEL_HEADER.search(code) or WORLD.search(code)):
                yield f"{where}:{number}: {folder} touches no kernel, file, clock or environment: {line.strip()}"
            if folder != "kernel" and path.suffix == ".h" and C_LIBRARY.search(code):
                yield f"{where}:{number}: the kernel's C libraries stay in kernel/: {line.strip()}"


if __name__ == "__main__":
    found = list(breaches(pathlib.Path(sys.argv[1])))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)
