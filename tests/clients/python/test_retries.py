"""How often a client that may retry twice asks, by what the gateway answered: it obeys `x-should-retry`, and has a rule of
its own where the gateway leaves it to the client."""

import openai
import pytest
from conftest import QUESTION, make_client

# What becomes of each model: status, code, `x-should-retry`, how often the client asks, how often the upstream is asked.
ANSWERS = {
    # The upstream blames the caller, so its answer is relayed, and would be the same again. The client alone would
    # repeat a 409.
    "error-400": (400, None, "false", 1, 1),
    "error-404": (404, "model_not_found", "false", 1, 1),
    "error-409": (409, None, "false", 1, 1),
    "error-422": (422, None, "false", 1, 1),
    # A person must mend these.
    "error-401": (502, "upstream_auth_failed", "false", 1, 1),
    "unfinished": (500, "upstream_misconfigured", "false", 1, 0),
    # These may pass.
    "error-429": (429, "rate_limit_exceeded", None, 3, 3),
    "error-500": (502, "all_upstreams_failed", None, 3, 3),
    "error-504": (504, "upstream_timeout", None, 3, 3),
    "unreachable": (502, "upstream_connect_failed", None, 3, 0),
    # No client repeats these.
    "unserved": (404, "model_not_available", None, 1, 0),
}


class Asking:
    """A client that may retry twice, a count of what it sends, and one of what reaches the upstream."""

    def __init__(self, hits):
        self.hits = hits
        self.sent = 0

    def count(self, _request):
        self.sent += 1

    def check(self, model, expected, **options):
        http_client = openai.DefaultHttpxClient(event_hooks={"request": [self.count]})
        client = make_client(max_retries=2, http_client=http_client, **options)
        with pytest.raises(openai.APIStatusError) as caught:
            client.chat.completions.create(model=model, messages=QUESTION)
        told = caught.value.response.headers.get("x-should-retry")
        assert (caught.value.status_code, caught.value.code, told, self.sent, self.hits.since) == expected


@pytest.fixture
def asking(chat_hits):
    return Asking(chat_hits)


@pytest.mark.parametrize("model", ANSWERS)
def test_a_failed_request_is_repeated_as_often_as_it_may_help(asking, model):
    asking.check(model, ANSWERS[model])


def test_a_wrong_token_is_not_tried_again(asking):
    asking.check("error-500", (401, "invalid_api_key", None, 1, 0), api_key="a-token-nobody-gave")


def test_a_request_that_goes_in_a_circle_is_not_sent_round_again(asking):
    asking.check("error-500", (508, "loop_detected", "false", 1, 0), default_headers={"x-oar-hop": "5"})
