/// A step of a pass that the crew does together. Its chunks may be done in any order and at the same time; all are
/// complete before the next phase begins.
///
/// Phases over tokens have chunks of a few rows of the batch; phases over weights have chunks of a few rows of weights,
/// which are columns of the result. T: tokens of the batch.
enum TransformerPhase {
    /// Over tokens: residual += update, which is what the layer before adds; normalized = norm(residual).
    case attentionInput
    /// Over weights: queries, keys and values from `normalized`.
    case attentionProjections
    /// Over tokens: rotates queries and keys by position, and stores keys and values.
    case store
    /// Over key-value heads and spans of tokens: attended = softmax(query * keys) * values.
    case attend
    /// Over tokens: quantizes `attended`.
    case attendedInput
    /// Over weights: update = output(attended).
    case attentionOutput
    /// Over tokens: residual += update; normalized = norm(residual).
    case feedForwardInput
    /// Over weights: gate and up from `normalized`.
    case gateAndUp
    /// Over tokens: gated = silu(gate) * up.
    case gatedInput
    /// Over weights: update = down(gated).
    case down
    /// Over rows of logits: headNormalized = norm(residual + update).
    case headInput
    /// Over weights: logits = head(headNormalized).
    case head
}

/// The phase that the crew is at, as the leader has cut it into chunks.
struct PhaseUnderWay {
    var phase = TransformerPhase.attentionInput
    /// Rows of the batch that a chunk takes, in phases over tokens; rows of weights in phases over weights.
    var rowsPerChunk = 1
}
