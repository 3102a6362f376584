"""A real language model answers the official client. It is a tiny one: that it answers counts, not what it says."""

import os

import pytest
from openai import OpenAI

REQUEST = {
    "model": "smollm2-135m",
    "messages": [{"role": "user", "content": "Name three colours."}],
    "max_tokens": 48,
    "temperature": 0,
    "seed": 1,
}


@pytest.fixture
def client():
    return OpenAI(base_url=os.environ["OAR_BASE_URL"], api_key=os.environ["OAR_TOKEN"], max_retries=0, timeout=60)


def test_the_model_answers(client):
    raw = client.chat.completions.with_raw_response.create(**REQUEST)
    completion = raw.parse()
    print("\nplain: ", completion.choices[0].message.content)
    assert completion.model == REQUEST["model"]
    assert completion.choices[0].message.content
    assert 0 < completion.usage.completion_tokens <= REQUEST["max_tokens"]
    if upstream := os.environ.get("OAR_EXPECTED_UPSTREAM"):
        assert (raw.headers["x-oar-upstream"], raw.headers["x-oar-attempts"]) == (upstream, "2")


def test_the_model_streams_and_reports_its_usage(client):
    stream = client.chat.completions.create(**REQUEST, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    print("\nstream:", "".join(pieces))
    assert len(pieces) > 5
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens >= len(pieces)
