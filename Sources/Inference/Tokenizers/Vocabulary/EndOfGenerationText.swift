import ModelFormats

/// Texts of the tokens with which public models end a turn or a document. GGUF files name one or two of them by id,
/// models use more (llama.cpp keeps such a list as well).
enum EndOfGenerationText {
    static var all: [String] {
        [
            "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<|eom_id|>",
            "<EOT>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
        ]
    }

}
