"""What the gateway itself adds: it keeps strangers out, says who served, and never passes off a part as the whole."""

import openai
import pytest
from conftest import MODEL, QUESTION, make_client


def ask(client, model=MODEL):
    return client.chat.completions.with_raw_response.create(model=model, messages=QUESTION)


def test_a_stranger_is_refused_before_any_upstream_hears_of_it(chat_hits):
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(make_client(api_key="a-token-nobody-gave"))
    assert caught.value.code == "invalid_api_key"
    assert chat_hits.since == 0


def test_an_answer_says_who_served_and_at_which_attempt(client, chat_hits):
    headers = ask(client).headers
    assert headers["x-oar-upstream"] == "standin"
    assert headers["x-oar-attempts"] == "2"
    assert chat_hits.since == 1


def test_a_request_id_is_made_or_kept(client):
    assert ask(client).request_id
    kept = client.chat.completions.create(model=MODEL, messages=QUESTION, extra_headers={"x-request-id": "mine-1"})
    assert kept._request_id == "mine-1"


def test_a_stream_that_breaks_off_is_an_exception_and_is_not_asked_for_again(chat_hits):
    client, pieces = make_client(max_retries=2), []
    with pytest.raises(openai.APIError) as caught:
        for piece in client.chat.completions.create(model="error-cut", messages=QUESTION, stream=True):
            pieces.append(piece)
    assert pieces
    assert caught.value.code == "stream_interrupted"
    assert chat_hits.since == 1


# Nobody can tell an answer that is not a stream from a connection that failed: the client asks again, as it should.
def test_an_answer_that_breaks_off_is_an_exception(client):
    with pytest.raises(openai.OpenAIError):
        ask(client, "error-cut")
