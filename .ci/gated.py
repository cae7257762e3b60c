"""Runs the test suite of a real shop under `hotspan capture` through the life of a baseline.

Arguments: the program, the schema of SARIF 2.1.0 (sarif-2.1.0.json; sarif-2.1.0.md says where it is
from). The suite is captured_shop.py, instrumented from outside.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

SUITE = ["opentelemetry-instrument", sys.executable, str(pathlib.Path(__file__).with_name("captured_shop.py"))]


def run(code, arguments, **variables):
    """Runs the program, which must end with this code; what it wrote to standard output."""
    environment = {**os.environ, "OTEL_SERVICE_NAME": "shop", **variables}
    ended = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=300)
    said = f"{ended.stdout}{ended.stderr}"
    assert ended.returncode == code, f"{arguments} ended with {ended.returncode}, not {code}: {said}"
    return ended.stdout


def main():
    program, schema = sys.argv[1:]
    os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        gate(program, schema)
        os.chdir("/")
    print("gate: a baseline written, known, worse, repaired; budgets; silence; 2 SARIF files valid")


def gate(program, schema):
    """The life of a baseline, in the current folder."""

    def capture(code, *flags, **variables):
        return run(code, [program, "capture", *flags, "--", *SUITE], **variables)

    recorded = json.loads(capture(1, "--out", "shop.pb", "-o", "json", "--report", "sarif=shop.sarif"))
    found = [finding["hotspot"] for finding in recorded["findings"]]
    assert [of["detector"] for of in found] == ["n-plus-one-query"], found
    assert found[0]["calls_per_trace"]["p50"] == 8 and found[0]["operation"] == "GET /orders", found
    again = run(1, [program, "check", "-o", "json", "shop.pb"])
    assert json.loads(again) == recorded, "the recording gives another answer"
    for form in ("json", "md", "text", "junit"):
        run(1, [program, "check", "--report", f"{form}=shop.{form}", "shop.pb"])

    run(0, [program, "check", "--baseline", "known.json", "--update-baseline", "shop.pb"])
    first = pathlib.Path("known.json").read_text()
    capture(0, "--baseline", "known.json", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    capture(0, "--baseline", "known.json", "--update-baseline")
    assert pathlib.Path("known.json").read_text() == first, "a second run changed the baseline"
    worse = capture(1, "--baseline", "known.json", "--report", "sarif=worse.sarif", SHOP_ORDERS="20")
    assert "8 calls a trace became 20" in worse, worse
    repaired = capture(0, "--baseline", "known.json", SHOP_FIXED="1")
    assert "fixed n-plus-one-query" in repaired, repaired
    capture(1, "--max-db-calls", "8", "--fail-on", "slow-query")
    capture(0, "--max-db-calls", "8", "--fail-on", "slow-query", SHOP_FIXED="1")
    capture(3, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="flask,sqlalchemy")

    with open(schema) as file:
        validator = jsonschema.Draft4Validator(json.load(file))
    for name in ("shop.sarif", "worse.sarif"):
        with open(name) as file:
            document = json.load(file)
        errors = [error.message for error in validator.iter_errors(document)]
        assert not errors and document["runs"][0]["results"], (name, errors)


main()
