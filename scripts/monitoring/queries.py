"""What the dashboard asks, and how Prometheus is asked."""

import json
import re
import time
import urllib.parse
import urllib.request

DASHBOARD = "deploy/grafana/dashboard.json"


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def ask(prometheus, path, **parameters):
    """The data of an answer of Prometheus's HTTP API."""
    return json.loads(get(f"http://{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]


def panels():
    return json.load(open(DASHBOARD))["panels"]


def filled(query, began, window="5s"):
    """A query of the dashboard with Grafana's variables in place."""
    variables = {
        "$job": "openai-api-route",
        "$instance": ".*",
        "$__rate_interval": window,
        "$__range": f"{int(time.time()) - began + 1}s",
    }
    for name, value in variables.items():
        query = query.replace(name, value)
    return query


def series(prometheus, query, began, step=1):
    """All series of a query since the load began, each as its labels and its points."""
    found = ask(prometheus, "query_range", query=query, start=began, end=time.time(), step=step)["result"]
    return [(one["metric"], [(when, float(value)) for when, value in one["values"]]) for one in found]


def unfiltered(expression):
    """The same, but a comparison yields 0 or 1 instead of leaving out what does not hold: a rule that rests is no rule
    that asks for what is not there."""
    return re.sub(r"(==|!=|>=|<=|>|<)\s+(?=[0-9])", r"\1 bool ", expression)
