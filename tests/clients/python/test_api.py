"""Every kind of call that the official client makes: JSON, streams, uploads, downloads."""

import hashlib
import io
import json
import os

from conftest import MODEL, QUESTION

# OpenAI's limit for an audio file.
AUDIO_BYTES = 25 * 1024 * 1024


def test_chat_answers(client):
    completion = client.chat.completions.create(model=MODEL, messages=QUESTION)
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


def test_a_streamed_chat_says_the_same_and_ends_with_its_usage(client):
    whole = client.chat.completions.create(model=MODEL, messages=QUESTION)
    stream = client.chat.completions.create(
        model=MODEL, messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 1
    assert "".join(pieces) == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0


def test_a_stream_without_usage_has_none(client):
    chunks = list(client.chat.completions.create(model=MODEL, messages=QUESTION, stream=True))
    assert all(chunk.choices for chunk in chunks)


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


def test_tools_are_called(client):
    completion = client.chat.completions.create(model=MODEL, messages=QUESTION, tools=TOOLS)
    assert completion.choices[0].finish_reason == "tool_calls"
    call = completion.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert isinstance(json.loads(call.function.arguments), dict)


def test_embeddings_are_alike_in_both_encodings(client):
    # Left to itself this client asks for base64 and decodes it.
    packed = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
    plain = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"], encoding_format="float")
    assert [item.index for item in packed.data] == [0, 1]
    for left, right in zip(packed.data, plain.data, strict=True):
        assert max(abs(a - b) for a, b in zip(left.embedding, right.embedding, strict=True)) < 1e-6


def test_25_megabytes_of_audio_arrive_unchanged(client):
    audio = os.urandom(AUDIO_BYTES)
    answer = client.audio.transcriptions.create(model="whisper-1", file=("speech.mp3", io.BytesIO(audio)))
    assert answer.text
    heard = answer.model_extra["standin"]
    assert (heard["bytes"], heard["filename"], heard["model"]) == (AUDIO_BYTES, "speech.mp3", "whisper-1")
    assert heard["sha256"] == hashlib.sha256(audio).hexdigest()


def test_speech_is_downloaded_whole(client):
    order = {"model": "tts-1", "voice": "alloy", "input": "Good morning."}
    with client.audio.speech.with_streaming_response.create(**order) as answer:
        sound = b"".join(answer.iter_bytes())
    assert len(sound) > 100_000
    assert hashlib.sha256(sound).hexdigest() == answer.headers["x-standin-sha256"]
    assert client.audio.speech.create(**order).read() == sound


def test_images_are_generated(client):
    images = client.images.generate(model="gpt-image-1", prompt="a lighthouse")
    assert images.data[0].b64_json or images.data[0].url


def test_a_file_is_uploaded_listed_read_and_deleted(client):
    content = b'{"custom_id": "1"}\n' * 1000
    uploaded = client.files.create(file=("batch.jsonl", content), purpose="batch")
    assert (uploaded.filename, uploaded.bytes, uploaded.purpose) == ("batch.jsonl", len(content), "batch")
    assert uploaded.id in [file.id for file in client.files.list()]
    assert client.files.retrieve(uploaded.id).filename == "batch.jsonl"
    assert client.files.content(uploaded.id).read() == content
    assert client.files.delete(uploaded.id).deleted
    assert uploaded.id not in [file.id for file in client.files.list()]


def test_models_are_listed_and_retrieved(client):
    models = [model.id for model in client.models.list()]
    assert models
    assert client.models.retrieve(models[0]).id == models[0]


def test_responses_answer(client):
    response = client.responses.create(model=MODEL, input="Say hello.")
    assert response.status == "completed"
    assert response.output_text


def test_a_streamed_response_says_the_same(client):
    whole = client.responses.create(model=MODEL, input="Say hello.")
    events = list(client.responses.create(model=MODEL, input="Say hello.", stream=True))
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(pieces) == whole.output_text == events[-1].response.output_text
