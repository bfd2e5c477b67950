import ChatTemplates
import Tokenizers
import Transformer

/// A loaded model with everything that serving it takes.
///
/// A class, because the server has it only once the model is loaded, and an optional of a value that cannot be copied
/// cannot be looked into without taking it out.
public final class LoadedModel<LM: LanguageModel & ~Copyable> {
    package var engine: Engine<LM>
    package let tokenizer: Tokenizer
    package let template: ChatTemplate
    package let card: ModelCard

    public init(
        model: consuming LM, tokenizer: Tokenizer, template: ChatTemplate, card: ModelCard,
        configuration: EngineConfiguration = EngineConfiguration()
    ) {
        self.tokenizer = tokenizer
        self.template = template
        self.card = card
        engine = Engine(model: model, tokenizer: tokenizer, configuration: configuration)
    }
}
