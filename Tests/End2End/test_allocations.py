"""The token path allocates nothing: counted by the kernel's own heap, from the logits to the frames on the wire."""

import pytest

from raw_http import Client

TOKENS_FEW, TOKENS_MANY = 40, 240


@pytest.fixture(params=["greedy", "sampled"])
def parameters(request):
    if request.param == "greedy":
        return {"temperature": 0}
    return {"temperature": 0.8, "top_p": 0.9, "top_k": 40, "presence_penalty": 0.5, "seed": 7}


@pytest.mark.heavy
def test_a_token_allocates_nothing(guest, metric, parameters):
    """What a request costs by itself is the same for both answers, and what a token costs is their difference."""

    def allocations(token_count):
        before = metric("hexa_heap_allocations_total")
        with Client(guest.port) as client:
            body = {"prompt": "Once upon a time", "stream": True, "max_tokens": token_count, "ignore_eos": True,
                    **parameters}
            assert client.request("POST", "/v1/completions", json=body).status == 200
        return metric("hexa_heap_allocations_total") - before

    # Buffers that the machine keeps have grown to their size after the first time.
    allocations(TOKENS_MANY)
    per_token = (allocations(TOKENS_MANY) - allocations(TOKENS_FEW)) / (TOKENS_MANY - TOKENS_FEW)
    # Lists of this request alone, such as its tokens, double a few times as they grow.
    assert per_token < 0.1
