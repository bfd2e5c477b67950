/// Requests as real clients sent them: recorded by a listening socket from curl 7.88.1, the `openai` Python client
/// (over httpx) and Python's own `urllib`.
enum ClientGoldens {
    /// `curl URL`
    static let curlGet = """
        GET /health HTTP/1.1\r
        Host: 127.0.0.1:18080\r
        User-Agent: curl/7.88.1\r
        Accept: */*\r
        \r

        """

    /// `curl -I URL`
    static let curlHead = """
        HEAD /health HTTP/1.1\r
        Host: 127.0.0.1:18080\r
        User-Agent: curl/7.88.1\r
        Accept: */*\r
        \r

        """

    /// `curl -H 'Content-Type: application/json' -H 'Authorization: ...' -d BODY URL`
    static let curlPost = """
        POST /v1/chat/completions HTTP/1.1\r
        Host: 127.0.0.1:18080\r
        User-Agent: curl/7.88.1\r
        Accept: */*\r
        Content-Type: application/json\r
        Authorization: Bearer sk-1\r
        Content-Length: 77\r
        \r
        {"model":"smollm2","messages":[{"role":"user","content":"Hi"}],"stream":true}
        """

    /// `curl -H 'Expect: 100-continue' -H 'Transfer-Encoding: chunked' -d BODY URL`
    static let curlExpectChunked = """
        POST /v1/chat/completions HTTP/1.1\r
        Host: 127.0.0.1:18080\r
        User-Agent: curl/7.88.1\r
        Accept: */*\r
        Content-Type: application/json\r
        Expect: 100-continue\r
        Transfer-Encoding: chunked\r
        \r
        4d\r
        {"model":"smollm2","messages":[{"role":"user","content":"Hi"}],"stream":true}\r
        0\r
        \r

        """

    /// `curl --http1.0 URL`
    static let curlHTTP1_0 = """
        GET /v1/models?limit=2&q=a%20b HTTP/1.0\r
        Host: 127.0.0.1:18080\r
        User-Agent: curl/7.88.1\r
        Accept: */*\r
        \r

        """

    /// openai 3.54.0: `client.chat.completions.create(stream=True)`
    static let openAIStream = """
        POST /v1/chat/completions HTTP/1.1\r
        Host: 127.0.0.1:18080\r
        Accept-Encoding: gzip, deflate\r
        Connection: keep-alive\r
        authorization: Bearer sk-test\r
        accept: application/json\r
        content-type: application/json\r
        user-agent: OpenAI/Python 3.54.0\r
        x-stainless-lang: python\r
        x-stainless-package-version: 3.54.0\r
        x-stainless-os: Linux\r
        x-stainless-arch: x64\r
        x-stainless-runtime: CPython\r
        x-stainless-runtime-version: 3.11.7\r
        x-stainless-async: false\r
        x-stainless-retry-count: 0\r
        x-stainless-read-timeout: 600\r
        Content-Length: 82\r
        \r
        {"model":"smollm2","stream":true,"messages":[{"role":"user","content":"Grüße"}]}
        """

    /// openai 3.54.0: `client.models.list()`
    static let openAIModels = """
        GET /v1/models HTTP/1.1\r
        Host: 127.0.0.1:18080\r
        Accept-Encoding: gzip, deflate\r
        Connection: keep-alive\r
        authorization: Bearer sk-test\r
        accept: application/json\r
        user-agent: OpenAI/Python 3.54.0\r
        x-stainless-lang: python\r
        x-stainless-package-version: 3.54.0\r
        x-stainless-os: Linux\r
        x-stainless-arch: x64\r
        x-stainless-runtime: CPython\r
        x-stainless-runtime-version: 3.11.7\r
        x-stainless-async: false\r
        x-stainless-retry-count: 0\r
        x-stainless-read-timeout: 600\r
        \r

        """

    /// Python 3.11 `urllib.request`
    static let urllibPost = """
        POST /tokenize HTTP/1.1\r
        Accept-Encoding: identity\r
        Content-Length: 2\r
        Host: 127.0.0.1:18080\r
        User-Agent: Python-urllib/3.11\r
        Content-Type: application/json\r
        Connection: close\r
        \r
        {}
        """
}
