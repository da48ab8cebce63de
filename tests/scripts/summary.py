#!/usr/bin/env python3
"""Counts a CTest run: summary.py JUNIT.xml prints "passed failed skipped", then a line for each failed and skipped one.

A doctest program counts as its test cases, any other program as one.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

CASES = re.compile(r"\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped")
PARTS = re.compile(r"^={70,}$", re.MULTILINE)  # between the test cases that have something to tell
MOST_LINES = 25
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def what_failed(text: str) -> str:
    """Below a failure's name: the parts of a doctest program that tell of an error; of others the last lines, since which of
    a lab's checks failed stands some lines above the end."""
    wrong = [part for part in PARTS.split(text) if " ERROR: " in part]
    lines = [line.rstrip()[:200] for line in "\n".join(wrong or [text]).splitlines() if line.strip()]
    return "".join(f"\n    {line}" for line in (lines[:MOST_LINES] if wrong else lines[-MOST_LINES:]))


def count(path: str):
    passed = failed = skipped = 0
    notes = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        output = COLOUR.sub("", case.findtext("system-out") or "")
        cases = [tuple(map(int, found)) for found in CASES.findall(output)]
        if status == "run":
            passed += sum(c[1] for c in cases) if cases else 1
        elif status in ("notrun", "disabled") and case.find("skipped") is not None and "SKIP_" in (
                case.find("skipped").get("message") or ""):
            skipped += 1
            notes.append(f"skipped {name}: {last_line(output)}")
        else:
            # One that crashed has told nothing of its cases, or only of those before.
            passed += sum(c[1] for c in cases)
            failed += max(1, sum(c[2] for c in cases))
            notes.append(f"FAILED  {name}: {status}{what_failed(output)}")
    return passed, failed, skipped, notes


if __name__ == "__main__":
    try:
        *numbers, lines = count(sys.argv[1])
    except OSError as error:  # the run ended before it could tell
        sys.exit(f"{sys.argv[1]}: {error.strerror}")
    print(*numbers)
    for line in lines:
        print(line)
