#!/usr/bin/python3
"""tests/system/check_fio_json.py - does the arithmetic of a fio JSON document hold?

    check_fio_json.py [--schema REFERENCE.json] FILE...

Checks rates against amounts and times, counts against bins, percentiles against bins, levels
against 100 percent; with --schema also that keys, their order and their types are those of a
document that fio wrote. Prints what is wrong; exit status 1 if anything is.
"""
import argparse
import json
import sys

SUB_BITS = 6
GROUPS = 29
# Only there when asked for, or depending on the values.
OPTIONAL = {"global options", "job options", "percentile", "bins", "steadystate", "disk_util"}


def bucket_of(index):
    if index < 2 << SUB_BITS:
        return index
    shift = (index >> SUB_BITS) - 1
    return (((1 << SUB_BITS) + index % (1 << SUB_BITS)) << shift) + (1 << (shift - 1))


BUCKETS = {bucket_of(i) for i in range(GROUPS << SUB_BITS)}


class Checker:
    def __init__(self, name):
        self.name = name
        self.errors = 0

    def expect(self, condition, where, text):
        if not condition:
            self.errors += 1
            print("%s: %s: %s" % (self.name, where, text))

    def near(self, where, what, got, wanted, tolerance):
        self.expect(abs(got - wanted) <= tolerance, where,
                    "%s is %s, not %s" % (what, got, wanted))

    def latency(self, where, lat):
        n = lat["N"]
        self.expect(lat["min"] <= lat["mean"] <= lat["max"], where, "min, mean, max are disordered")
        self.expect(lat["stddev"] <= lat["max"] - lat["min"] + 1e-6, where, "stddev is too large")
        if "bins" in lat:
            self.bins(where, lat, n)
        values = [v for _, v in sorted((float(k), v) for k, v in lat.get("percentile", {}).items())]
        self.expect(values == sorted(values), where, "percentiles do not rise")

    def bins(self, where, lat, n):
        bins = sorted((int(k), v) for k, v in lat["bins"].items())
        self.expect(all(k in BUCKETS for k, _ in bins), where, "a bin is none of fio's")
        self.expect(sum(v for _, v in bins) == n, where, "bins do not add up to N")
        self.expect(lat["min"] * 127 / 128 - 1 <= bins[0][0] <= lat["min"] * 129 / 128 + 1, where,
                    "the first bin is not where min is")
        mean = sum(k * v for k, v in bins) / n
        self.near(where, "mean of the bins", mean, lat["mean"], lat["mean"] / 64 + 1)
        for percentile, value in lat["percentile"].items():
            total = 0
            for key, count in bins:
                total += count
                if total * 100 >= float(percentile) * n * (1 - 1e-12):
                    self.near(where, percentile + "th", value, key, 0)
                    break

    def direction(self, where, d):
        ms = d["runtime"]
        self.near(where, "io_kbytes", d["io_kbytes"], d["io_bytes"] // 1024, 0)
        if ms:
            self.near(where, "bw_bytes", d["bw_bytes"], d["io_bytes"] * 1000 // ms, 1)
            self.near(where, "iops", d["iops"], d["total_ios"] * 1000 / ms, 1e-3)
        else:
            self.expect(d["total_ios"] == 0, where, "has I/Os and no runtime")
        self.near(where, "bw", d["bw"], d["bw_bytes"] // 1024, 0)
        for name in ("slat_ns", "clat_ns", "lat_ns"):
            self.latency(where + "." + name, d[name])
        if d["clat_ns"]["N"] and d["slat_ns"]["N"]:
            self.near(where, "mean of lat", d["lat_ns"]["mean"],
                      d["slat_ns"]["mean"] + d["clat_ns"]["mean"], 1)
        if d["bw_samples"]:
            self.expect(d["bw_min"] <= d["bw_mean"] <= d["bw_max"] + 1, where, "bw is disordered")
        self.expect(d["bw_agg"] <= 100, where, "bw_agg is above 100")

    def job(self, job):
        where = job["jobname"]
        total = 0
        for name in ("read", "write", "trim"):
            self.direction("%s.%s" % (where, name), job[name])
            total += job[name]["total_ios"]
        if total and sum(job[name]["clat_ns"]["N"] for name in ("read", "write", "trim")):
            levels = [v for key in ("latency_ns", "latency_us", "latency_ms")
                      for v in job[key].values()]
            self.near(where, "sum of latency levels", sum(levels), 100, 0.01 * len(levels) + 1e-3)
            for key in ("iodepth_level", "iodepth_submit", "iodepth_complete"):
                self.near(where, "sum of " + key, sum(job[key].values()), 100, 0.1 * 7 + 1e-3)
        for key in ("iodepth", "numjobs"):
            self.expect(isinstance(job["job options"].get(key), str) or
                        key in self.globals, where, "job options have no " + key)

    def shape(self, where, got, wanted):
        if isinstance(wanted, dict) and isinstance(got, dict):
            keys = [k for k in got if k not in OPTIONAL]
            fixed = [k for k in wanted if k not in OPTIONAL]
            self.expect(keys == fixed, where, "keys are %s, not %s" % (keys, fixed))
            for k in keys:
                if k in wanted:
                    self.shape(where + "." + k, got[k], wanted[k])
        elif isinstance(wanted, list) and wanted and isinstance(got, list):
            for item in got:
                self.shape(where + "[]", item, wanted[0])
        else:
            self.expect(type(got) is type(wanted), where,
                        "is %s, not %s" % (type(got).__name__, type(wanted).__name__))

    def document(self, doc):
        self.globals = doc.get("global options", {})
        self.expect(doc["fio version"].startswith("fio-"), "fio version", "is none")
        self.near("timestamp", "timestamp", doc["timestamp"], doc["timestamp_ms"] // 1000, 0)
        for job in doc["jobs"]:
            self.job(job)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--schema", help="a document of fio's to compare keys and types with")
    parser.add_argument("file", nargs="+")
    args = parser.parse_args()
    errors = 0
    for name in args.file:
        with open(name, encoding="utf-8") as f:
            doc = json.load(f)
        checker = Checker(name)
        checker.document(doc)
        if args.schema:
            with open(args.schema, encoding="utf-8") as f:
                checker.shape("", doc, json.load(f))
        errors += checker.errors
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
