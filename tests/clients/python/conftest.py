"""The official Python client, pointed at what is tested, and a count of what reached the upstream."""

import json
import os
import urllib.request

import pytest
from openai import OpenAI

MODEL = "gpt-4o-mini"
QUESTION = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def client():
    """Without retries, so that a test sees each answer itself."""
    return make_client()


def make_client(**options):
    settings = {"base_url": os.environ["OAR_BASE_URL"], "api_key": os.environ["OAR_TOKEN"], "max_retries": 0, "timeout": 30}
    return OpenAI(**(settings | options))


class Hits:
    """How many requests an upstream got at one path since this was made; `url` is where it counts them."""

    def __init__(self, path, url=None):
        self.path = path
        self.url = url or os.environ["OAR_STANDIN_URL"] + "/_hits"
        self.before = self.now()

    def now(self):
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            return json.load(answer).get(self.path, 0)

    @property
    def since(self):
        return self.now() - self.before


@pytest.fixture
def chat_hits():
    return Hits("/v1/chat/completions")
