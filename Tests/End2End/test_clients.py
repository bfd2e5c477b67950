"""The clients people use: the official `openai` package, and curl."""

import json
import subprocess

import openai
import pytest

# The same server twice: as the unikernel and as an ordinary process.
SERVERS = ["hexa-os", "hexa-vmm", "hexa-serve"]

MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]


def test_models_are_listed(client, model):
    assert [entry.id for entry in client.models.list()] == [model]


def test_a_chat_answers_sensibly(client, model):
    answer = client.chat.completions.create(model=model, messages=MESSAGES, temperature=0, max_completion_tokens=16)
    assert "Paris" in answer.choices[0].message.content
    assert answer.usage.prompt_tokens == 37


def test_streaming_gives_the_same_text_in_pieces(client, model):
    options = dict(model=model, messages=MESSAGES, temperature=0, max_tokens=16)
    whole = client.chat.completions.create(**options)
    chunks = list(client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert sum(1 for piece in pieces if piece) > 3
    assert chunks[-1].usage == whole.usage


def test_a_completion_continues_its_prompt(client, model):
    answer = client.completions.create(model=model, prompt="The capital of France is", temperature=0, max_tokens=2)
    assert answer.choices[0].text == " Paris."
    assert answer.choices[0].finish_reason == "length"


def test_a_streamed_completion_too(client, model):
    stream = client.completions.create(model=model, prompt="The capital of France is", temperature=0, max_tokens=2,
                                       stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream if chunk.choices) == " Paris."


def test_a_stop_string_ends_the_text_before_itself(client, model):
    answer = client.completions.create(model=model, prompt="1, 2, 3, 4,", temperature=0, max_tokens=24, stop=[" 7"])
    assert " 6" in answer.choices[0].text and "7" not in answer.choices[0].text
    assert answer.choices[0].finish_reason == "stop"


def test_several_choices_of_several_prompts(client, model):
    answer = client.completions.create(model=model, prompt=["One two", "Red green"], n=2, max_tokens=3, seed=7)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert answer.usage.completion_tokens <= 12


def test_the_same_seed_gives_the_same_text(client, model):
    options = dict(model=model, prompt="Once upon a time", temperature=1.0, max_tokens=12)
    first, second, other = (client.completions.create(**options, seed=seed).choices[0].text for seed in (11, 11, 12))
    assert first == second
    assert first != other


def test_a_logit_bias_decides(client, model):
    answer = client.completions.create(model=model, prompt="The capital of France is", temperature=0, max_tokens=1,
                                       logit_bias={"4649": 100})
    assert answer.choices[0].text == " France"


def test_log_probabilities_of_a_chat(client, model):
    answer = client.chat.completions.create(model=model, messages=MESSAGES, temperature=0, max_tokens=3, logprobs=True,
                                            top_logprobs=5)
    entries = answer.choices[0].logprobs.content
    assert len(entries) == answer.usage.completion_tokens
    for entry in entries:
        assert entry.logprob <= 0 and len(entry.top_logprobs) == 5
        # Greedy: the token taken is the likeliest.
        assert entry.token == entry.top_logprobs[0].token
        assert bytes(entry.bytes).decode() == entry.token
    assert "".join(entry.token for entry in entries).startswith(answer.choices[0].message.content)


def test_echo_with_log_probabilities_covers_the_prompt(client, model):
    answer = client.completions.create(model=model, prompt="The capital of France is", max_tokens=1, temperature=0,
                                       echo=True, logprobs=2)
    choice = answer.choices[0]
    assert choice.text == "The capital of France is Paris"
    assert "".join(choice.logprobs.tokens) == choice.text
    assert choice.logprobs.token_logprobs[0] is None
    assert all(value <= 0 for value in choice.logprobs.token_logprobs[1:])
    assert choice.logprobs.text_offset[:2] == [0, 3]


def test_errors_arrive_as_the_clients_own_exceptions(client, model):
    with pytest.raises(openai.BadRequestError) as failure:
        client.chat.completions.create(model=model, messages=MESSAGES, temperature=9)
    assert "temperature" in str(failure.value)
    with pytest.raises(openai.BadRequestError) as failure:
        client.completions.create(model=model, prompt=[1] * 20_000)
    assert failure.value.code == "context_length_exceeded"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")


def curl(*arguments, body=None):
    command = ["curl", "-sS", "--max-time", "120", *arguments, *(["-d", "@-"] if body else [])]
    result = subprocess.run(command, input=body, capture_output=True, text=True, timeout=150)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_curl_gets_an_answer(guest):
    body = json.dumps({"messages": MESSAGES, "temperature": 0, "max_tokens": 16})
    answer = json.loads(curl(f"{guest.url}/v1/chat/completions", "-H", "Content-Type: application/json", body=body))
    assert "Paris" in answer["choices"][0]["message"]["content"]


def test_curl_gets_a_stream(guest):
    body = json.dumps({"messages": MESSAGES, "temperature": 0, "max_tokens": 4, "stream": True})
    lines = curl("-N", f"{guest.url}/v1/chat/completions", body=body).splitlines()
    assert lines[0].startswith("data: {")
    assert [line for line in lines if line][-1] == "data: [DONE]"


def test_curl_may_send_a_large_body_with_expect(guest):
    body = json.dumps({"content": "word " * 40_000})
    answer = curl(f"{guest.url}/tokenize", "-H", "Expect: 100-continue", body=body)
    assert len(json.loads(answer)["tokens"]) >= 40_000
