"""What bench prints, read by our checker and by fio's own tools. The output is that of the engine
on the software controller, from the unit test of the JSON, so no machine is booted."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CARILLON_BUILD", ROOT / "build"))
CHECKER = ROOT / "tests/system/check_fio_json.py"


def run(*command, **options):
    """Runs a tool; its words are shown when it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, timeout=120,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """A folder for each of the engine's outputs, with what tools/capture cut out of it."""
    folder = tmp_path_factory.mktemp("output")
    program = BUILD / "host/unit/test_apps_bench_json"
    if not program.exists():
        run("make", f"BUILD={BUILD}", program, cwd=ROOT)
    run(program, folder)
    for text in folder.glob("*.txt"):
        # As it comes over a serial line, with a live line that was overwritten and colors.
        raw = text.read_bytes().replace(b"\n", b"\r\n")
        text.with_suffix(".log").write_bytes(b"\x1b[1mJobs: 1 (f=1)\x1b[0m\r" + raw)
        run(sys.executable, ROOT / "tools/capture", "-o", text.with_suffix(""),
            text.with_suffix(".log"))
    return folder


@pytest.mark.parametrize("name", ["mix", "logs"])
def test_arithmetic(captured, name):
    """Rates, sums and percentiles agree with each other."""
    run(sys.executable, CHECKER, captured / name / "bench.json")


@pytest.mark.skipif(not shutil.which("fio_jsonplus_clat2csv"), reason="package fio is missing")
def test_clat2csv(captured):
    """fio's converter accepts json+, and finds its own result valid."""
    folder = captured / "mix"
    run("fio_jsonplus_clat2csv", "bench.json", "out.csv", cwd=folder)
    assert "validated" in run("fio_jsonplus_clat2csv", "--validate", "bench.json", "out.csv",
                              cwd=folder)


@pytest.mark.skipif(not shutil.which("fio2gnuplot"), reason="package fio is missing")
@pytest.mark.parametrize("kind", ["bw", "iops"])
def test_fio2gnuplot(captured, kind):
    """fio's plotter reads the logs."""
    folder = captured / "logs"
    output = run("fio2gnuplot", "-p", f"*_{kind}.1.log", cwd=folder)
    assert f"logs_{kind}.1.log" in output
    assert list(folder.glob("*gnuplot*"))


def test_names_of_captured_files(tmp_path):
    """Of jobs and prefixes with blanks and slashes too; nothing is written elsewhere."""
    log = tmp_path / "serial.log"
    log.write_text("".join(f"-----BEGIN FIO LOG {name}-----\r\n1, 2, 0, 0, 0\r\n"
                           f"-----END FIO LOG {name}-----\r\n"
                           for name in ("seq read_bw.1.log", "../up_bw.2.log")))
    run(sys.executable, ROOT / "tools/capture", "-o", tmp_path / "out", log)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [".._up_bw.2.log", "seq read_bw.1.log"]
    assert (tmp_path / "out/seq read_bw.1.log").read_text() == "1, 2, 0, 0, 0\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "serial.log"]


def test_report(captured, tmp_path):
    """One page with the plots in it and nothing that would have to be fetched."""
    pytest.importorskip("matplotlib")
    files = [*(captured / "logs").iterdir(), captured / "mix/bench.json",
             captured / "sweep/sweep.csv"]
    files = [f for f in files if f.suffix in (".json", ".log", ".csv") and "_hist" not in f.name]
    run(sys.executable, ROOT / "tools/report", "-o", tmp_path / "report.html", *files)
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") >= 4
    assert "<script" not in page and 'src="' not in page and "<link" not in page
