"""The gateway before Replicate's stand-in, and what that stand-in was asked for.

A model's name decides what the stand-in plays. Its tokens are the words of the prompt and the pieces of the answer.
"""

import json
import os
import time
import urllib.request

from conftest import QUESTION, make_client

# The model that the entry of `config.sample.yaml` serves, and nobody else.
MODEL = "mistralai/mixtral-8x7b-instruct-v0.1"
# What every model says that plays nothing else. Replicate counts one more piece, which is empty.
PIECES = [" Bon", "jour", " 你好", " 🌍", "!\n\n", "- one\n- two", " fin."]
TEXT = "".join(PIECES)
TOKENS = len(PIECES) + 1


def replicate_client(**options):
    """Without retries, so that a test sees each answer itself."""
    return make_client(base_url=os.environ["OAR_REPLICATE_URL"], **options)


def ask(client, model=MODEL, messages=QUESTION, **more):
    return client.chat.completions.create(model=model, messages=messages, **more)


def said(chunks):
    """The pieces of text in a stream."""
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    return [piece for piece in deltas if piece]


def predictions(model):
    """What was created of this model, the oldest first."""
    with urllib.request.urlopen(os.environ["OAR_REPLICATE_STANDIN_URL"] + "/_predictions", timeout=10) as answer:
        return [prediction for prediction in json.load(answer) if prediction["model"] == model]


def until(condition, within=5):
    """Waits until it holds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)


def until_canceled(model):
    """Waits until the only prediction of this model has been cancelled, and nothing else has become of it."""
    until(lambda: [prediction["status"] for prediction in predictions(model)] == ["canceled"])
