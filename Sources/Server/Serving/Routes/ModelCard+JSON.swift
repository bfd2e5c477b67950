import Engine
import JSON
import Law

extension ModelCard {
    /// `GET /v1/models`: a list of the one model there is.
    func list(_ permit: consuming Permit<Read, ModelTarget>) throws(APIError) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("object", "list")
        json.key("data")
        json.beginArray()
        write(to: &json)
        json.endArray()
        json.endObject()
        return json.bytes
    }

    /// `GET /v1/models/{id}`
    func lookUp(id asked: [UInt8], _ permit: consuming Permit<Read, ModelTarget>) throws(APIError) -> [UInt8] {
        guard asked.elementsEqual(id.utf8) else {
            let name = String(decoding: asked, as: UTF8.self)
            var error = APIError(404, .invalidRequest, "The model '\(name)' does not exist; this server has '\(id)'.")
            error.parameter = "model"
            error.code = "model_not_found"
            throw error
        }
        var json = JSONWriter()
        write(to: &json)
        return json.bytes
    }

    private func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("object", "model")
        json.member("created", Int(clamping: created))
        json.member("owned_by", "hexa-os")
        json.key("meta")
        json.beginObject()
        json.member("n_ctx_train", contextLength)
        json.member("n_vocab", vocabularySize)
        json.member("n_params", Int(clamping: parameterCount))
        json.endObject()
        json.endObject()
    }
}
