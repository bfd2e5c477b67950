"""The served model against references made with a float32 implementation and with llama.cpp, through the API.

Tokens and chat prompts must be exact. Greedy tokens must agree up to the first step whose margin is below 0.5, and the
mean absolute error of the top-20 log-probabilities at the prompts' ends must not exceed 0.10 (llama.cpp: 0.092).
"""

import json
from pathlib import Path
from statistics import mean

import pytest

from guest import MODEL
from vocabulary import Vocabulary

FIXTURES = Path(__file__).resolve().parents[1] / "Fixtures" / "smollm2"
GREEDY_MARGIN_MIN = 0.5
TOP20_ERROR_MAX = 0.10


def read(name):
    with (FIXTURES / name).open() as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary(MODEL)


def test_every_text_becomes_the_same_tokens(http):
    wrong = []
    for case in read("tokenize.jsonl"):
        body = {"content": case["text"], "add_special": False, "parse_special": case.get("parse_special", True)}
        tokens = http.request("POST", "/tokenize", json=body).json["tokens"]
        if tokens != case["ids"]:
            wrong.append((case["text"], case["ids"], tokens))
    assert not wrong


def test_every_token_sequence_becomes_its_text_again(http):
    for case in read("tokenize.jsonl"):
        assert http.request("POST", "/detokenize", json={"tokens": case["ids"]}).json["content"] == case["text"]


def test_every_conversation_becomes_the_same_prompt(http):
    for case in read("chat_template.jsonl"):
        answer = http.request("POST", "/apply-template", json={"messages": case["messages"]})
        assert answer.json["prompt"] == case["prompt"]


def complete(http, **body):
    answer = http.request("POST", "/v1/completions", json=body)
    assert answer.status == 200, answer.body
    return answer.json["choices"][0]


@pytest.mark.heavy
def test_greedy_tokens_agree_while_the_margin_is_clear(http, vocabulary):
    disagreements = []
    for case in read("generate.jsonl"):
        choice = complete(http, prompt=case["ids"], max_tokens=len(case["greedy"]), temperature=0, logprobs=1,
                          ignore_eos=True)
        names = choice["logprobs"]["tokens"]
        for step, (token, margin) in enumerate(zip(case["greedy"], case["margins"])):
            if margin < GREEDY_MARGIN_MIN:
                break
            if names[step] != vocabulary.name(token):
                disagreements.append((case["prompt"], step, vocabulary.name(token), names[step], margin))
                break
    assert not disagreements


@pytest.mark.heavy
def test_log_probabilities_are_as_accurate_as_the_best(http, vocabulary):
    last_errors, prompt_errors = [], []
    for case in read("generate.jsonl"):
        choice = complete(http, prompt=case["ids"], max_tokens=1, temperature=0, echo=True, logprobs=20)
        scores = choice["logprobs"]
        assert scores["tokens"][:-1] == [vocabulary.name(token) for token in case["ids"]]
        for ours, reference in zip(scores["token_logprobs"][1:], case["prompt_logprobs"]):
            prompt_errors.append(abs(ours - reference))
        last = scores["top_logprobs"][-1]
        for token, reference in case["last_top20"]:
            # A token that fell off our list lies at or below its end: the least error that is possible.
            ours = last.get(vocabulary.name(token), min(last.values()))
            last_errors.append(abs(ours - reference))
    print(f"\nmean absolute error: top 20 at the end {mean(last_errors):.4f}, of prompts {mean(prompt_errors):.4f}")
    assert mean(last_errors) <= TOP20_ERROR_MAX
    # The reference's prompt scores are of the same kind; a slip in positions or masks would show here first.
    assert mean(prompt_errors) <= 2 * TOP20_ERROR_MAX


def test_a_token_array_and_its_text_are_the_same_prompt(http):
    case = read("generate.jsonl")[0]
    options = dict(max_tokens=4, temperature=0)
    from_tokens = complete(http, prompt=case["ids"], **options)["text"]
    from_text = complete(http, prompt=case["prompt"], **options)["text"]
    assert from_tokens == from_text
