"""However an answer breaks off, the client raises, keeps what it had got, and nobody else is asked.

A stream that breaks off is not asked for again: the client has got a part of it. An answer that is no stream and breaks
off looks to the client like a connection that failed: it asks again, as often as it was told to.
"""

import os
import urllib.request

import openai
import pytest
from conftest import QUESTION, Hits, make_client

# What every answer says until it is cut: a word in each event.
WORDS = "一二三四五六"

# How the client learns of it: by the gateway's error event, or by a connection that ended too early (which is neither a
# half answer that it fails to read nor a time-out of its own).
NEWS = (openai.APIError, "stream_interrupted")
CONNECTION_FAILED = (openai.APIConnectionError, None)


class Upstreams:
    """The gateway whose second upstream breaks answers off, and how often its second and its third were asked."""

    def __init__(self, gateway, hits_at):
        self.gateway = os.environ[gateway]
        path = "/v1/chat/completions"
        self.cutting = Hits(path, hits_at)
        self.spare = Hits(path, os.environ["OAR_SPARE_URL"] + "/_hits")

    def create(self, model, max_retries=2, **options):
        client = make_client(base_url=self.gateway, max_retries=max_retries)
        return client.chat.completions.create(model=model, messages=QUESTION, **options)

    def check_stream(self, model, got, error=NEWS, when_begun=lambda: None):
        """The stream begins with one of `got`, raises `error`, and was asked for once."""
        words = []
        with pytest.raises(openai.APIError) as caught:
            for chunk in self.create(model, stream=True):
                words.append(chunk.choices[0].delta.content)
                when_begun()
        assert "".join(words) in got
        assert (type(caught.value), caught.value.code) == error
        assert (self.cutting.since, self.spare.since) == (1, 0)

    def check_plain(self, model, max_retries=1):
        """There is no answer, and each time the client asked the same upstream was asked."""
        with pytest.raises(openai.APIError) as caught:
            self.create(model, max_retries)
        assert (type(caught.value), caught.value.code) == CONNECTION_FAILED
        assert (self.cutting.since, self.spare.since) == (max_retries + 1, 0)


@pytest.fixture
def cutting():
    return Upstreams("OAR_CUT_URL", os.environ["OAR_CUTTING_URL"] + "/_hits")


@pytest.fixture
def panicking():
    return Upstreams("OAR_PANICKING_URL", os.environ["OAR_PANICKING_URL"] + "/_hits")


# M01
@pytest.mark.parametrize("place", ["event", "line"])
def test_a_stream_shorter_than_promised_is_an_exception(cutting, place):
    cutting.check_stream(f"cut-length-3-{place}", [WORDS[:3]])


# M01
def test_an_answer_shorter_than_promised_is_an_exception(cutting):
    cutting.check_plain("cut-length-0-event")


# M02
@pytest.mark.parametrize("events", [1, 5])
@pytest.mark.parametrize("place", ["event", "line", "character"])
def test_a_stream_whose_chunks_stop_is_an_exception_after_its_last_whole_event(cutting, events, place):
    cutting.check_stream(f"cut-chunks-{events}-{place}", [WORDS[:events]])


# M02
def test_an_answer_whose_chunks_stop_is_an_exception(cutting):
    cutting.check_plain("cut-chunks-0-event", max_retries=0)


# M02: nothing has reached the client yet, so somebody else can still answer.
@pytest.mark.parametrize("place", ["event", "line", "character"])
def test_a_stream_that_is_cut_before_its_first_event_is_answered_by_the_next_upstream(cutting, place):
    chunks = list(cutting.create(f"cut-chunks-0-{place}", stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (cutting.cutting.since, cutting.spare.since) == (1, 1)


# M03: nothing in the framing says that it is not complete.
@pytest.mark.parametrize("place", ["event", "line", "character"])
def test_a_stream_that_just_stops_is_an_exception(cutting, place):
    cutting.check_stream(f"cut-close-3-{place}", [WORDS[:3]])


# M04: a reset may overtake what was sent before it, so it waits until the client has got something.
def test_a_stream_that_is_reset_is_an_exception(cutting):
    def go():
        urllib.request.urlopen(os.environ["OAR_CUTTING_URL"] + "/_go", timeout=10).close()

    cutting.check_stream("cut-reset-3-event", [WORDS[:1], WORDS[:2], WORDS[:3]], when_begun=go)


# M05
def test_a_stream_that_falls_silent_is_an_exception_in_time(cutting):
    cutting.check_stream("cut-stall-3-event", [WORDS[:3]])


# M05
def test_an_answer_that_falls_silent_is_an_exception_in_time(cutting):
    cutting.check_plain("cut-stall-0-event", max_retries=0)


# M11
def test_a_stream_whose_backend_panics_is_an_exception(panicking):
    panicking.check_stream("any", [WORDS[:3]], error=CONNECTION_FAILED)


# M11
def test_an_answer_whose_backend_panics_is_an_exception(panicking):
    panicking.check_plain("any")
