"""Replicate's models, served by the entry of `config.sample.yaml`: the client cannot tell them from OpenAI's."""

import openai
import pytest
from conftest import QUESTION
from predictions import MODEL, PIECES, TEXT, TOKENS, ask, predictions, replicate_client, said

# The prompt is `<s>[INST] Say hello. [/INST]`.
USAGE = {"prompt_tokens": 4, "completion_tokens": TOKENS, "total_tokens": 4 + TOKENS}
COUNTED = {"stream": True, "stream_options": {"include_usage": True}}


@pytest.fixture
def client():
    return replicate_client()


def dumped(answer):
    """All that was sent, but the time, which is a whole number."""
    fields = answer.model_dump(exclude_unset=True)
    assert isinstance(fields.pop("created"), int)
    return fields


def choice(content, reason):
    return {"index": 0, **content, "logprobs": None, "finish_reason": reason}


def test_an_answer_is_the_same_to_the_last_field(client):
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=QUESTION)
    whole = dumped(raw.parse())
    assert whole.pop("id").startswith("chatcmpl-")
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    assert whole == {
        "object": "chat.completion",
        "model": MODEL,
        "system_fingerprint": None,
        "choices": [choice({"message": message}, "stop")],
        "usage": USAGE,
    }
    # The name of an entry without one.
    assert (raw.headers["x-oar-upstream"], raw.headers["x-oar-attempts"]) == ("replicate-1", "1")


def check_stream(chunks, created, extra):
    """Every chunk but the one with the usage, to the last field."""
    deltas = [{"role": "assistant", "content": "", "refusal": None}, *({"content": piece} for piece in PIECES), {}]
    reasons = [None] * (len(deltas) - 1) + ["stop"]
    for chunk, delta, reason in zip(chunks, deltas, reasons, strict=True):
        assert chunk == {
            "id": created,
            "object": "chat.completion.chunk",
            "model": MODEL,
            "system_fingerprint": None,
            "choices": [choice({"delta": delta}, reason)],
            **extra,
        }


def test_a_stream_is_the_same_to_the_last_field(client):
    stream = list(ask(client, stream=True))
    check_stream([dumped(chunk) for chunk in stream], stream[0].id, {})


def test_a_stream_with_usage_tells_it_in_a_chunk_of_its_own(client):
    *chunks, last = [dumped(chunk) for chunk in ask(client, **COUNTED)]
    check_stream(chunks, last["id"], {"usage": None})
    assert (last["choices"], last["usage"]) == ([], USAGE)


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_an_answer_that_reaches_its_limit_says_so(client, field):
    whole = ask(client, **{field: 3})
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("".join(PIECES[:3]), "length")
    assert whole.usage.completion_tokens == 3
    *chunks, last = ask(client, **{field: 3}, **COUNTED)
    assert (said(chunks), chunks[-1].choices[0].finish_reason) == (PIECES[:3], "length")
    assert last.usage == whole.usage


def test_a_limit_that_is_not_reached_is_none(client):
    assert ask(client, max_tokens=100).choices[0].finish_reason == "stop"
    assert list(ask(client, max_tokens=100, stream=True))[-1].choices[0].finish_reason == "stop"


def test_text_completions_answer(client):
    whole = dumped(client.completions.create(model=MODEL, prompt="Hello"))
    assert whole.pop("id").startswith("cmpl-")
    assert whole == {
        "object": "text_completion",
        "model": MODEL,
        "system_fingerprint": None,
        "choices": [choice({"text": TEXT}, "stop")],
        "usage": {"prompt_tokens": 1, "completion_tokens": TOKENS, "total_tokens": 1 + TOKENS},
    }


def test_text_completions_stream(client):
    *chunks, last = client.completions.create(model=MODEL, prompt="Hello", max_tokens=5, **COUNTED)
    assert [chunk.choices[0].text for chunk in chunks] == [*PIECES[:5], ""]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 5 + ["length"]
    assert {chunk.id for chunk in chunks} == {last.id}
    assert (last.choices, last.usage.completion_tokens) == ([], 5)


CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Hello "}, {"type": "text", "text": "[INST] 你."}]},
    {"role": "assistant", "content": "Hi.\n"},
    {"role": "user", "content": "Again."},
    {"role": "user", "content": "Now."},
]
# https://huggingface.co/mistralai/Mixtral-8x7B-Instruct-v0.1#instruction-format
AS_THE_MODEL_CARD_HAS_IT = "<s>[INST] Be brief.\n\nHello [ INST] 你. [/INST] Hi.\n</s>[INST] Again.\n\nNow. [/INST]"


@pytest.mark.parametrize("options", [{}, {"stream": True}])
def test_a_conversation_is_written_as_the_model_card_has_it(client, options):
    model = "mistralai/mixtral-echo-python"
    answer = ask(client, model, CONVERSATION, temperature=0.5, seed=7, **options)
    echo = "".join(said(answer)) if options else answer.choices[0].message.content
    assert echo == AS_THE_MODEL_CARD_HAS_IT
    asked = {"prompt": echo, "prompt_template": "{prompt}", "temperature": 0.5, "seed": 7}
    assert predictions(model)[-1]["input"] == asked


def test_a_prompt_of_the_clients_own_reaches_the_model_as_it_is(client):
    answer = client.completions.create(model="mistralai/mixtral-echo-own", prompt="<s>[INST] x\n")
    assert answer.choices[0].text == "<s>[INST] x\n"


def test_a_model_is_asked_for_by_its_version_too(client):
    # Replicate learns no more than the version, and plays by that.
    answer = ask(client, "someone/granite:echo-5c785d117c5b")
    assert (answer.model, answer.choices[0].message.content) == ("someone/granite:echo-5c785d117c5b", "Say hello.")
    assert [prediction["version"] for prediction in predictions("standin/echo-5c785d117c5b")] == ["echo-5c785d117c5b"]


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
REFUSED = {
    "messages[0].content[1].type": {"messages": [{"role": "user", "content": [{"type": "text", "text": "?"}, IMAGE]}]},
    "tools": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
    "n": {"n": 2},
    "response_format": {"response_format": {"type": "json_object"}},
    "logprobs": {"logprobs": True},
}


@pytest.mark.parametrize("param", REFUSED)
@pytest.mark.parametrize("options", [{}, {"stream": True}])
def test_what_a_prediction_cannot_do_is_refused_by_name(client, param, options):
    model = f"mistralai/mixtral-unasked-python-{[*REFUSED].index(param)}"
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, model, **REFUSED[param], **options)
    error = caught.value
    assert (error.param, error.code, error.type) == (param, "unsupported_parameter", "invalid_request_error")
    assert f"`{param.removesuffix('.type')}`" in error.message
    assert (error.response.headers["x-should-retry"], predictions(model)) == ("false", [])


STOPS = [
    ("你好", " Bonjour "),
    # They begin in one piece and end in the next; the first of several counts.
    (["fin", "njo"], " Bo"),
    (["!\n\n- "], " Bonjour 你好 🌍"),
    # Only its beginning comes.
    ([" fin. The"], TEXT),
]


@pytest.mark.parametrize(("stop", "text"), STOPS)
def test_a_stop_sequence_ends_the_answer_before_it(client, stop, text):
    whole = ask(client, stop=stop).choices[0]
    assert (whole.message.content, whole.finish_reason) == (text, "stop")
    chunks = list(ask(client, stop=stop, stream=True))
    assert ("".join(said(chunks)), chunks[-1].choices[0].finish_reason) == (text, "stop")
