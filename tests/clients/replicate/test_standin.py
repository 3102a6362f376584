"""The official Python client of Replicate against our stand-in: what it takes for Replicate is Replicate enough."""

import os
import time

import pytest
import replicate
from replicate.exceptions import ModelError, ReplicateError

MODEL = "mistralai/mixtral-8x7b-instruct-v0.1"
PIECES = [" Bon", "jour", " 你好", " 🌍", "!\n\n", "- one\n- two", " fin.", ""]
INPUT = {"prompt": "Say hello."}


def make_client(key=None):
    key = key or os.environ["OAR_REPLICATE_KEY"]
    return replicate.Client(api_token=key, base_url=os.environ["OAR_REPLICATE_STANDIN_URL"])


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setenv("REPLICATE_POLL_INTERVAL", "0.05")
    return make_client()


def create(client, name, **options):
    return client.models.predictions.create(("acme", name), input=INPUT, **options)


def test_run_answers_with_the_whole_output(client):
    assert client.run(MODEL, input=INPUT) == PIECES
    assert client.run("acme/whole", input=INPUT) == "".join(PIECES)


def test_run_takes_a_whole_output_that_is_still_processing(client):
    assert client.run("acme/processing", input=INPUT) == PIECES


def test_run_without_waiting_polls(client):
    assert client.run(MODEL, input=INPUT, wait=False) == PIECES


def test_a_version_is_run_and_its_schema_says_that_its_output_is_pieces(client):
    assert list(client.run("acme/m:echo", input={"prompt": "a b\n你"})) == ["a ", "b\n你"]


def test_stream_yields_every_piece_and_then_the_end(client):
    events = list(client.stream(MODEL, input=INPUT))
    *outputs, done = events
    assert [event.data for event in outputs] == PIECES
    assert {event.event.value for event in outputs} == {"output"}
    assert (done.event.value, done.data) == ("done", "{}")
    assert len({event.id for event in events}) == len(events)


def test_a_stream_tells_of_a_failure(client):
    heard = []
    with pytest.raises(RuntimeError, match="CUDA out of memory"):
        heard.extend(str(event) for event in client.stream("acme/fails-midway", input=INPUT))


def test_a_prediction_is_created_read_and_waited_for(client):
    prediction = create(client, "m", stream=True)
    assert (prediction.status, prediction.output, prediction.metrics) == ("starting", None, None)
    assert (prediction.model, prediction.input) == ("acme/m", INPUT)
    prediction.wait()
    assert (prediction.status, prediction.output) == ("succeeded", PIECES)
    assert (prediction.metrics["input_token_count"], prediction.metrics["output_token_count"]) == (2, len(PIECES))
    assert prediction.started_at <= prediction.completed_at
    assert [str(event) for event in prediction.stream()] == [*PIECES, ""]
    assert prediction.id in [listed.id for listed in client.predictions.list().results]


def test_waiting_for_the_creation_ends_when_the_prediction_does(client):
    prediction = create(client, "m", wait=10)
    assert (prediction.status, prediction.output) == ("succeeded", PIECES)


def test_output_grows_while_the_model_speaks(client):
    prediction = create(client, "slow")
    heard = prediction.output_iterator()
    assert next(heard) == " 1"
    assert prediction.status == "processing"
    prediction.cancel()


def test_a_cancelled_prediction_stops(client):
    prediction = create(client, "slow")
    events = prediction.stream()
    assert str(next(events)) == " 1"
    prediction.cancel()
    assert prediction.status == "canceled"
    *_, done = events
    assert (done.event.value, done.data) == ("done", '{"reason": "canceled"}')
    said = client.predictions.get(prediction.id)
    time.sleep(0.2)
    assert client.predictions.get(prediction.id).output == said.output


def test_a_failed_prediction_is_a_model_error(client):
    with pytest.raises(ModelError) as failed:
        client.run("acme/fails", input=INPUT)
    assert failed.value.prediction.status == "failed"
    assert "CUDA out of memory" in str(failed.value)


@pytest.mark.parametrize("status", [402, 404, 422, 429, 500])
def test_problems_are_errors_of_the_api(client, status):
    with pytest.raises(ReplicateError) as refused:
        client.run(f"acme/error-{status}", input=INPUT)
    assert refused.value.status == status
    assert refused.value.title and refused.value.detail


def test_an_input_without_a_prompt_is_refused(client):
    with pytest.raises(ReplicateError) as refused:
        client.run(MODEL, input={"temperature": 1})
    assert (refused.value.status, refused.value.title) == (422, "Input validation failed")


def test_what_does_not_exist_is_not_found(client):
    with pytest.raises(ReplicateError) as missing:
        client.predictions.get("none")
    assert missing.value.status == 404


def test_a_wrong_key_is_refused():
    with pytest.raises(ReplicateError) as refused:
        make_client("r8_wrong").run(MODEL, input=INPUT)
    assert (refused.value.status, refused.value.title) == (401, "Unauthenticated")


def test_models_and_the_account_can_be_asked_for(client):
    model = client.models.get("acme/m")
    assert (model.owner, model.name) == ("acme", "m")
    assert model.versions.get(model.latest_version.id).id == model.latest_version.id
    assert client.accounts.current().username == "standin"
