/// A token of a model's vocabulary. Ids come from tokenizers and clients alike: check against `vocabularySize`.
public typealias TokenID = Int32
