"""The parts of .ci/metrics-clients that talk: to a daemon, Prometheus, Alertmanager."""

import hashlib
import hmac
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

SECRET = "a-secret-of-the-test"


def expressions(dashboard):
    """Every expression of a dashboard, with Grafana's own variables filled in."""
    for panel in json.loads(Path(dashboard).read_text())["panels"]:
        for target in panel.get("targets", []):
            yield re.sub(r"\$__(rate_interval|range)", "5m", target["expr"])


def dashboard(source, target):
    """Writes the expressions as rules, which promtool can check."""
    rules = [{"record": f"panel:{at}", "expr": text} for at, text in enumerate(expressions(source))]
    assert len(rules) > 10, "hardly any expression found"
    Path(target).write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))


def ports(target):
    """Free ports: the daemon must know the others before they run."""
    names = ["prometheus", "alertmanager", "webhook"]
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    Path(target).write_text(json.dumps({name: of.getsockname()[1] for name, of in sockets.items()}))


def flags(source):
    """How the daemon is told of them."""
    port = json.loads(Path(source).read_text())
    return [
        "--alertmanager-url", f"http://127.0.0.1:{port['alertmanager']}",
        "--webhook-url", f"http://127.0.0.1:{port['webhook']}/hook",
        "--webhook-secret", SECRET,
        "--alerts-allow", "127.0.0.0/8",
        "--critical-services", "*",
        "--alerts-learn", "0",
        "--complete-quiet", "300ms",
    ]


def get(url, accept="*/*"):
    request = urllib.request.Request(url, headers={"accept": accept})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return reply.read().decode()


def until(what, test, seconds=90):
    """Waits for what must become true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := test():
                return found
        except OSError:
            pass
        time.sleep(0.3)
    sys.exit(f"not within {seconds} s: {what}")


def say(daemon, id, state):
    body = json.dumps({"state": state, "reason": "a test", "by": "ci"}).encode()
    url = f"{daemon}/api/v1/hotspots/{id}/state"
    request = urllib.request.Request(url, body, {"content-type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def declared(text):
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def check_names(daemon):
    """promtool has nothing to say of the names, and rules and dashboard use only those that exist."""
    text = get(f"{daemon}/metrics")
    subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=True)
    known = declared(text)
    used = "\n".join([*expressions("deploy/grafana/hotspan.json"), Path("deploy/prometheus/rules.yml").read_text()])
    for name in set(re.findall(r"\b(?:hotspan|traces)_[a-z_]+", used)):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        assert name in known or base in known, f"{name} is used, and /metrics does not have it"


def run_prometheus(work, port, daemon):
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(Path("deploy/prometheus/rules.yml").resolve())],
        "scrape_configs": [{"job_name": "hotspan", "static_configs": [{"targets": [daemon.removeprefix("http://")]}]}],
    }
    (work / "prometheus.yml").write_text(json.dumps(config))
    return subprocess.Popen(
        ["prometheus", f"--config.file={work}/prometheus.yml", f"--storage.tsdb.path={work}/tsdb",
         f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage", "--log.level=warn"],
    )


def check_prometheus(work, port, daemon):
    base = f"http://127.0.0.1:{port}/api/v1"

    def query(expression):
        answer = json.loads(get(f"{base}/query?" + urllib.parse.urlencode({"query": expression})))
        return answer["data"]["result"]

    until("the target is up", lambda: query('up{job="hotspan"} == 1'))
    for expression in [
        'sum(rate(traces_spanmetrics_calls_total{span_kind="SPAN_KIND_SERVER"}[30s])) > 0',
        "histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket[30s]))) > 0",
        'sum by (client, server) (rate(traces_service_graph_request_total{client="user"}[30s])) > 0',
        "sum(rate(hotspan_critical_path_seconds_total[30s])) > 0",
        "sum(rate(hotspan_finding_traces_total[30s])) > 0",
        "sum by (domain) (hotspan_third_party_seconds_total) > 0",
        'sum(hotspan_hotspots{state="new"}) > 0',
    ]:
        until(f"Prometheus answers {expression}", lambda: query(expression))
    exemplars = until("exemplars are stored", lambda: json.loads(get(
        f"{base}/query_exemplars?query=traces_spanmetrics_latency_bucket&start={time.time() - 600}&end={time.time() + 60}"
    ))["data"])
    trace = exemplars[0]["exemplars"][0]["labels"]["trace_id"]
    assert re.fullmatch("[0-9a-f]{32}", trace), trace
    rules = [rule for group in json.loads(get(f"{base}/rules"))["data"]["groups"] for rule in group["rules"]]
    until("rules are evaluated", lambda: all(
        rule["health"] == "ok" for group in json.loads(get(f"{base}/rules"))["data"]["groups"] for rule in group["rules"]
    ))
    print(f"prometheus: {len(rules)} rules are well, an exemplar names trace {trace}")


class Hooks:
    """Listens as a webhook: of the daemon at /hook, of Alertmanager at /am."""

    def __init__(self, port):
        self.heard, self.unsigned = {"/hook": [], "/am": []}, 0
        hooks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
                if self.path == "/hook" and self.headers["x-hotspan-signature"] != signature:
                    hooks.unsigned += 1
                hooks.heard[self.path].append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def said(self, path, hotspot, status):
        """The last message of an alert with this status."""
        for message in reversed(self.heard[path]):
            for alert in message["alerts"]:
                if alert["labels"]["hotspot_id"] == hotspot and alert["status"] == status:
                    return message, alert
        return None


def run_alertmanager(work, port, hook):
    config = {
        "route": {"receiver": "hook", "group_by": ["service"], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "hook", "webhook_configs": [{"url": f"http://127.0.0.1:{hook}/am"}]}],
    }
    (work / "alertmanager.yml").write_text(json.dumps(config))
    return subprocess.Popen(
        ["prometheus-alertmanager", f"--config.file={work}/alertmanager.yml", f"--storage.path={work}/alertmanager",
         f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn"],
    )


def check_alerts(port, hooks, daemon):
    base = f"http://127.0.0.1:{port}/api/v2/alerts"

    def active(hotspot=None):
        alerts = [alert for alert in json.loads(get(f"{base}?active=true")) if alert["status"]["state"] == "active"]
        return [alert for alert in alerts if hotspot in (None, alert["labels"]["hotspot_id"])]

    alert = until("Alertmanager hears of a hotspot", active)[0]
    hotspot, first = alert["labels"]["hotspot_id"], alert["endsAt"]
    assert set(alert["labels"]) == {"alertname", "severity", "service", "detector", "hotspot_id"}, alert
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url", "trace_url"}, alert
    trace = alert["annotations"]["trace_url"].rsplit("/", 1)[1]
    assert json.loads(get(f"{daemon}/api/v1/traces/{trace}"))["findings"], "the trace shows it"
    ours, own = until("the webhook hears of it", lambda: hooks.said("/hook", hotspot, "firing"))
    theirs, other = until("Alertmanager's webhook hears of it", lambda: hooks.said("/am", hotspot, "firing"))
    assert set(ours) == set(theirs) and set(own) == set(other), "the same body"
    assert own["fingerprint"] == other["fingerprint"] == alert["fingerprint"], "the same identity"
    assert own["endsAt"] == other["endsAt"] and own["labels"] == other["labels"]
    print(f"alerts: {alert['labels']['alertname']} for {hotspot} fires at both receivers")

    later = datetime.fromisoformat(first) + timedelta(seconds=50)
    until("a firing alert is sent again after a minute", lambda: [
        at for at in active(hotspot) if datetime.fromisoformat(at["endsAt"]) > later
    ])
    say(daemon, hotspot, "acknowledged")
    until("an acknowledged one stops", lambda: not active(hotspot))
    until("the webhook hears that it is over", lambda: hooks.said("/hook", hotspot, "resolved"))
    until("Alertmanager tells that it is over", lambda: hooks.said("/am", hotspot, "resolved"))
    say(daemon, hotspot, "open")
    until("a reopened one fires again", lambda: active(hotspot))
    assert hooks.unsigned == 0, "every message is signed"
    counters = get(f"{daemon}/metrics")
    assert not re.search(r"^hotspan_alerts_failed_total\S* [1-9]", counters, re.MULTILINE), "nothing failed"
    print("alerts: sent again, stopped by a person, fired again when reopened")


def main():
    command, *rest = sys.argv[1:]
    if command == "dashboard":
        return dashboard(*rest)
    if command == "ports":
        return ports(*rest)
    if command == "flags":
        return print(*flags(*rest), sep="\n")
    work, daemon = Path(rest[0]), f"http://{rest[1]}"
    port = json.loads((work / "ports.json").read_text())
    programs = []
    try:
        programs.append(run_prometheus(work, port["prometheus"], daemon))
        programs.append(run_alertmanager(work, port["alertmanager"], port["webhook"]))
        hooks = Hooks(port["webhook"])
        check_prometheus(work, port["prometheus"], daemon)
        check_names(daemon)
        check_alerts(port["alertmanager"], hooks, daemon)
    finally:
        for program in programs:
            program.terminate()
            program.wait()


main()
