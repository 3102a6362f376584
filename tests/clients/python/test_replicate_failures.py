"""What goes wrong at Replicate, and what becomes of a prediction that nobody waits for: it would cost money."""

import asyncio
import http.client
import json
import os
import time
import urllib.request

import openai
import pytest
from conftest import MODEL as OPENAI_MODEL
from conftest import QUESTION, Hits, make_client
from openai import AsyncOpenAI
from predictions import MODEL, PIECES, TEXT, TOKENS, ask, predictions, replicate_client, said, until, until_canceled

STREAM = {"stream": True}


@pytest.fixture
def client():
    return replicate_client()


# Status, code and `x-should-retry` of what the client gets.
ERRORS = {
    # The key is the gateway's, and so is the account: a person must mend these.
    "mistralai/wrong-key": (502, "upstream_auth_failed", "false"),
    "mistralai/error-402": (502, "upstream_auth_failed", "false"),
    "mistralai/error-422": (422, "invalid_request", "false"),
    "mistralai/error-429": (429, "rate_limit_exceeded", None),
    "mistralai/error-500": (502, "all_upstreams_failed", None),
    "mistralai/fails": (502, "all_upstreams_failed", None),
}


@pytest.mark.parametrize("model", ERRORS)
@pytest.mark.parametrize("options", [{}, STREAM])
def test_what_fails_before_the_first_word_is_an_exception(client, model, options):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client, model, **options)
    error = caught.value
    assert (error.status_code, error.code, error.response.headers.get("x-should-retry")) == ERRORS[model]


def test_how_long_to_wait_is_passed_on(client):
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, "mistralai/error-429")
    assert caught.value.response.headers["retry-after"] == "30"


def test_a_wrong_token_creates_no_prediction():
    model = "mistralai/mixtral-of-strangers"
    with pytest.raises(openai.AuthenticationError):
        ask(replicate_client(api_key="a-token-nobody-gave"), model)
    assert predictions(model) == []


def test_a_prediction_that_fails_midway_is_an_exception(client):
    with pytest.raises(openai.InternalServerError):
        ask(client, "mistralai/fails-midway")
    chunks = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in ask(client, "mistralai/fails-midway", **STREAM):
            chunks.append(chunk)
    assert said(chunks) == PIECES[:2]
    assert (type(caught.value), caught.value.code) == (openai.APIError, "prediction_failed")


def events(model):
    """A stream as it comes: the data of each event, and whether the connection ended as it should."""
    body = {"model": model, "stream": True, "messages": QUESTION}
    headers = {"authorization": "Bearer " + os.environ["OAR_TOKEN"], "content-type": "application/json"}
    url = os.environ["OAR_REPLICATE_URL"] + "/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=30) as answer:
        try:
            text, complete = answer.read(), True
        except http.client.IncompleteRead as cut:
            text, complete = cut.partial, False
    return [event.removeprefix(b"data: ") for event in text.split(b"\n\n")[:-1]], complete


def test_a_stream_that_is_complete_says_that_it_is_done():
    told, complete = events(MODEL)
    # The role, the pieces, the reason, and that it is done.
    assert (len(told), told[-1], complete) == (len(PIECES) + 3, b"[DONE]", True)


def test_a_stream_that_is_not_complete_says_why():
    told, complete = events("mistralai/fails-midway")
    assert (b"[DONE]" in told, complete) == (False, False)
    # The role, two pieces, and one error.
    assert len(told) == 4
    error = json.loads(told[3])["error"]
    assert (error["code"], error["type"]) == ("prediction_failed", "upstream_error")


@pytest.mark.parametrize("options", [{}, STREAM])
@pytest.mark.parametrize("plays", ["idle", "cut", "whole", "processing"])
def test_however_it_comes_the_text_is_whole_and_said_once(client, plays, options):
    answer = ask(client, f"mistralai/{plays}", max_tokens=100, **options)
    if options:
        *chunks, last = answer
        assert ("".join(said(chunks)), last.choices[0].finish_reason) == (TEXT, "stop")
    else:
        assert (answer.choices[0].message.content, answer.usage.completion_tokens) == (TEXT, TOKENS)


class Leaving:
    """A moment, and that a prediction was cancelled within a second of it."""

    def __init__(self):
        self.at_ms = time.time() * 1000

    def check(self, model):
        until_canceled(model)
        [prediction] = predictions(model)
        [after_ms] = [event["ms"] for event in prediction["events"] if event["event"] == "cancelled"]
        assert prediction["created_ms"] + after_ms - self.at_ms <= 1000


def test_closing_a_stream_cancels_the_prediction_within_a_second(client):
    model = "mistralai/slow-closed"
    with ask(client, model, **STREAM) as stream:
        next(stream)
        leaving = Leaving()
    leaving.check(model)


def test_cancelling_an_iteration_cancels_the_prediction_within_a_second():
    model = "mistralai/slow-cancelled"

    async def read(client, begun):
        async for _chunk in await ask(client, model, **STREAM):
            begun.set()

    cancel_once_begun(model, read)


def test_cancelling_a_request_cancels_the_prediction_within_a_second():
    model = "mistralai/slow-cancelled-plain"

    async def wait(client, begun):
        begun.set()
        await ask(client, model)

    cancel_once_begun(model, wait)


def cancel_once_begun(model, work):
    """Cancels a client's work once it has begun and its prediction exists; the client itself stays."""

    async def run():
        begun = asyncio.Event()
        settings = {"base_url": os.environ["OAR_REPLICATE_URL"], "api_key": os.environ["OAR_TOKEN"], "max_retries": 0}
        async with AsyncOpenAI(timeout=30, **settings) as client:
            working = asyncio.create_task(work(client, begun))
            await asyncio.wait_for(begun.wait(), 10)
            await asyncio.to_thread(until, lambda: predictions(model))
            # Replicate holds a creation's answer back for a second, and only that answer tells how to cancel.
            await asyncio.sleep(0.2)
            leaving = Leaving()
            working.cancel()
            await asyncio.to_thread(leaving.check, model)
            with pytest.raises(asyncio.CancelledError):
                await working

    asyncio.run(run())


# While Replicate holds the creation's answer back, and later, while the gateway asks how it goes. The gateway knows how
# long this client waits and gives up then as well: one of the two is first.
@pytest.mark.parametrize("patience", [0.3, 1.6])
def test_running_out_of_patience_cancels_the_prediction_within_a_second(patience):
    model = f"mistralai/never-{patience}"
    with pytest.raises((openai.APITimeoutError, openai.InternalServerError)):
        ask(replicate_client(timeout=patience), model)
    Leaving().check(model)


# Who answers in the end, and what Replicate was asked for. The OpenAI of the first is overloaded, of the second silent.
FAILOVER = {
    "mistralai/after-a-503": ("replicate", ["succeeded"]),
    "mistralai/after-silence": ("replicate", ["succeeded"]),
    "mistralai/fails-first": ("openai", ["failed"]),
    "mistralai/error-429-first": ("openai", []),
    "mistralai/wrong-key-first": ("openai", []),
    "mistralai/never-first": ("openai", ["canceled"]),
}


@pytest.mark.parametrize("model", FAILOVER)
@pytest.mark.parametrize("options", [{}, STREAM])
def test_one_of_two_providers_is_enough(client, model, options):
    upstream, became = FAILOVER[model]
    before = len(predictions(model))
    raw = client.chat.completions.with_raw_response.create(model=model, messages=QUESTION, **options)
    assert (raw.headers["x-oar-upstream"], raw.headers["x-oar-attempts"]) == (upstream, "2")
    answer = raw.parse()
    text = "".join(said(answer)) if options else answer.choices[0].message.content
    assert text == (TEXT if upstream == "replicate" else text_of_openai())
    until(lambda: [prediction["status"] for prediction in predictions(model)[before:]] == became)


def text_of_openai():
    standin = make_client(base_url=os.environ["OAR_STANDIN_URL"] + "/v1")
    return ask(standin, OPENAI_MODEL).choices[0].message.content


def test_nobody_else_is_asked_once_a_word_was_said(client):
    hits = Hits("/v1/chat/completions")
    with pytest.raises(openai.APIError):
        list(ask(client, "mistralai/fails-midway-first", **STREAM))
    assert hits.since == 0
