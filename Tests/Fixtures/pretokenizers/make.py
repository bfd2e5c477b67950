#!/usr/bin/env python3
"""Writes splits.jsonl: texts and the pieces that the pre-tokenisers' regular expressions cut them into.

The expressions are those of the models' tokenizer.json files, run by Python's `regex` module (2024 or later). The
contractions of the llama-bpe and qwen2 expressions are spelled out, as llama.cpp does: Unicode case folding would also
match the long s. Python's \\s also takes U+001C to U+001F for white space, which Unicode does not: the texts have none.
"""
import json
import random

import regex

CONTRACTIONS = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def smollm(text):
    # Digits are isolated first; the GPT-2 expression then sees each stretch by itself.
    pieces = []
    for part in regex.split(r"(\p{N})", text):
        pieces += regex.findall(GPT2, part)
    return pieces


SPLITTERS = {
    "gpt-2": lambda text: regex.findall(GPT2, text),
    "smollm": smollm,
    "llama-bpe": lambda text: regex.findall(LLAMA3, text),
    "qwen2": lambda text: regex.findall(QWEN2, text),
}

TEXTS = [
    "Hello, world! It's 2026; we've 12345 things.", "I'M HE'S they'Re you'D we'LL 'tis 's't",
    "  leading", "trailing  ", "a  b   c\td\t\te", "line\nbreaks\r\n\r\n  and\n   indents\n", "\n\n\n", " ", "\t \n \t",
    "x=1;y =  2 ;;  z", "1234567890 12 345", "3.14 1,000 ½ ²³ Ⅷ ٣٤٥ 五", "Ünïcödé ǅ ʰ ª", "日本語テキスト。改行\n中文，标点",
    "한국어 안녕", "हिन्दी नमस्ते दुनिया", "ไทย สวัสดี", "🙂🙃 👩‍👩‍👧 🏳️‍🌈", "e\u0301 n\u0303 \u0301", "a\u00a0b\u2003c\u3000d\u0085e",
    "\u200bzero\u200dwidth\ufeff", "def f(x):\n    return x**2  # ok\n\n\nclass A:\n\tpass", "<|im_start|>user\nhi<|im_end|>",
    "'", "''", "'x", "a'", "'re", "'r", "'l", "'lL x", " 's", "--- *** ___", "(a)[b]{c}<d>", "http://a.b/c?d=e&f#g",
    "!\n?\r\n.\n\n x", "a\n b", "a \n b", "a\n\n  b", " \n", "\r", "a\rb", "ſ 'ſ 's", "1\n2", "1 \n2", "_a_ -b- 'c'", "  1  22  333",
    "\t1\t22", "$5.00 €6", "a1b2", "\U0001d7d8\U0001d400", "\u00ad\u0378\ue000",
]


def random_texts(count):
    source = random.Random(1)
    alphabet = list("aAZzé ñ日Ж' \t\n\r  .,!-_'sStTrReEvVmMlLdD0159½٣🙂\u00a0\u3000\u0301\u200b")
    for _ in range(count):
        yield "".join(source.choice(alphabet) for _ in range(source.randint(1, 40)))


def main():
    with open("splits.jsonl", "w", encoding="utf-8") as out:
        for text in TEXTS + list(random_texts(300)):
            case = {"text": text}
            for name, split in SPLITTERS.items():
                pieces = split(text)
                assert "".join(pieces) == text, (name, text)
                case[name] = pieces
            out.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
