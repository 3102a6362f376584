"""What goes wrong upstream reaches the client as the exception that its own documentation promises."""

import openai
import pytest
from conftest import QUESTION, make_client


def ask(client, model):
    return client.chat.completions.create(model=model, messages=QUESTION)


@pytest.mark.parametrize(
    ("model", "exception"),
    [
        ("error-400", openai.BadRequestError),
        ("error-404", openai.NotFoundError),
        ("error-422", openai.UnprocessableEntityError),
        ("error-429", openai.RateLimitError),
        ("error-500", openai.InternalServerError),
    ],
)
def test_an_error_is_the_exception_of_its_kind(client, model, exception):
    with pytest.raises(exception) as caught:
        ask(client, model)
    assert caught.value.type
    assert caught.value.message


def test_a_streamed_request_that_fails_is_an_exception_too(client):
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="error-400", messages=QUESTION, stream=True)


@pytest.mark.parametrize(("model", "hits"), [("error-400", 1), ("error-429", 3)])
def test_the_client_retries_what_is_worth_it(chat_hits, model, hits):
    with pytest.raises(openai.APIStatusError):
        ask(make_client(max_retries=2), model)
    assert chat_hits.since == hits
