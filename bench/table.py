# SPDX-License-Identifier: MIT
"""What bench/run measured, as rows to print and to keep."""
import statistics


class Broken(Exception):
    """Something could not be measured."""


class Table:
    """Rows, as they are printed and as they go to bench.json."""

    def __init__(self):
        self.rows = []

    def add(self, what, value, unit, bound=None, xen="", note="", least=0):
        self.rows.append({"what": what, "value": value, "unit": unit,
                          "bound": bound or least or None, "xen_4_17": xen,
                          "at_least": bool(least), "note": note,
                          "met": value >= least if least else
                          None if bound is None else value <= bound})

    def show(self):
        line = "%-50s %12s %11s %-6s %10s"
        print(line % ("", "measured", "bound", "", "Xen 4.17"))
        for row in self.rows:
            text = "{:,.3f}" if row["unit"] == "x" else "{:,.0f}" \
                if row["value"] > 20 else "{:,.2f}"
            verdict = {True: "met", False: "MISSED", None: ""}[row["met"]]
            bound = "" if row["bound"] is None else \
                ">= "[:3 * row["at_least"]] + text.format(row["bound"])
            print(line % (row["what"], text.format(row["value"]) + " " +
                          row["unit"], bound, verdict, row["xen_4_17"]))
            if row["note"]:
                print("    " + row["note"])


def rounds(marks, first, last, *keys):
    """-> what was counted between two marks, each time"""
    if not marks.get(first) or not marks.get(last):
        raise Broken("marks %d and %d were not passed" % (first, last))
    return [sum(b[key] - a[key] for key in keys)
            for a, b in zip(marks[first], marks[last])]


def middle(marks, first, *keys):
    """-> the median of what was counted from mark `first` to the next number,
    and the spread, largest less smallest, as a part of it"""
    found = rounds(marks, first, first + 1, *keys)
    value = statistics.median(found)
    return value, (max(found) - min(found)) / value


def difference(marks, first, last, key):
    return rounds(marks, first, last, key)[-1]


def profile(rest, prices):
    """Print the functions of the VMM that prices consist of: instructions,
    and calls in parentheses. prices: (mark at the end, name, count)"""
    for mark, what, count in prices:
        cost = {}
        for w in rest:
            if w[0] == "in" and w[1] == str(mark):
                value, calls = cost.get(w[2], (0, 0))
                cost[w[2]] = value + int(w[3]), calls + int(w[5])
        rows = sorted(((v / count, c / count, name)
                       for name, (v, c) in cost.items()), reverse=True)
        print("%s: %s" % (what, ", ".join(
            "%s %.3g (%.2g)" % (n, v, c) for v, c, n in rows if v >= 0.5)))
