"""The model's vocabulary, read from the GGUF file by this reader of its own: what a token id must be called."""

import struct

# Sizes of GGUF's fixed-size value types, by their number (ggml docs/gguf.md).
SCALAR_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9


def byte_of_character():
    """GPT-2's mapping of printable characters to the bytes they stand for."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    mapping = {chr(byte): byte for byte in printable}
    mapping.update({chr(256 + index): byte for index, byte in enumerate(others)})
    return mapping


def read_tokens(path):
    """`tokenizer.ggml.tokens` as it stands in the file."""
    with open(path, "rb") as file:
        def unpack(form):
            return struct.unpack("<" + form, file.read(struct.calcsize("<" + form)))

        def string():
            return file.read(unpack("Q")[0]).decode()

        _, _, _, metadata_count = unpack("IIQQ")
        for _ in range(metadata_count):
            key, (kind,) = string(), unpack("I")
            if kind == STRING:
                string()
            elif kind == ARRAY:
                element_kind, count = unpack("IQ")
                if element_kind == STRING:
                    values = [string() for _ in range(count)]
                    if key == "tokenizer.ggml.tokens":
                        return values
                else:
                    file.seek(SCALAR_SIZES[element_kind] * count, 1)
            else:
                file.seek(SCALAR_SIZES[kind], 1)
    raise AssertionError("the model has no vocabulary")


class Vocabulary:
    def __init__(self, path):
        mapping = byte_of_character()
        self._bytes = [
            # Special tokens are plain text: their names hold characters outside the mapping or are in angle brackets.
            token.encode() if token.startswith("<|") or not set(token) <= set(mapping)
            else bytes(mapping[character] for character in token)
            for token in read_tokens(path)
        ]

    def name(self, token):
        """How the API calls a token: its text, or its bytes when they are only a part of a character."""
        data = self._bytes[token]
        try:
            return data.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)
