import Engine
import Law

/// Everything that `/metrics` tells.
struct ServerMetrics {
    var requests = RequestCounts()
    var engine = EngineStatistics()
    var openConnections = 0
    var acceptedConnections: UInt64 = 0
    var cutOffReaders: UInt64 = 0
    var chargedBodyBytes = 0
    var refusedBodies: UInt64 = 0
    var denials: UInt64 = 0
    var lostGrowthRecords: UInt64 = 0
    var isReady = false
    var platform = PlatformStatistics()

    /// Prometheus' text. Reading is a kernel function of its own: the permit is spent here.
    func text(_ permit: consuming Permit<Read, MetricsTarget>) -> [UInt8] {
        var text = PrometheusText()
        describeServer(&text)
        describeEngine(&text)
        describePlatform(&text)
        if let network = platform.network { Self.describe(network, &text) }
        return text.bytes
    }

    private func describeServer(_ text: inout PrometheusText) {
        text.single("hexa_ready", .gauge, "Whether the model is loaded.", isReady ? 1 : 0)
        text.describe("hexa_http_requests_total", .counter, "Requests by route and status.")
        for entry in requests.entries {
            let labels = "route=\"\(entry.route)\",status=\"\(entry.status)\""
            text.sample("hexa_http_requests_total", labels: labels, entry.count)
        }
        text.single("hexa_connections_open", .gauge, "Connections open now.", UInt64(openConnections))
        text.single("hexa_connections_total", .counter, "Connections accepted.", acceptedConnections)
        text.single(
            "hexa_readers_cut_off_total", .counter, "Connections cut because the client did not read.",
            cutOffReaders)
        text.single(
            "hexa_request_body_bytes", .gauge, "Memory charged for request bodies that are arriving.",
            UInt64(chargedBodyBytes))
        text.single(
            "hexa_request_bodies_refused_total", .counter, "Requests refused for want of memory for their bodies.",
            refusedBodies)
        text.single("hexa_law_denials_total", .counter, "Operations that the law denied.", denials)
        text.single(
            "hexa_growth_records_lost_total", .counter, "Growth records overwritten before they were read.",
            lostGrowthRecords)
    }

    private func describeEngine(_ text: inout PrometheusText) {
        text.single("hexa_queue_depth", .gauge, "Sequences that wait for a slot.", UInt64(engine.waitingCount))
        text.single("hexa_running_sequences", .gauge, "Sequences in service.", UInt64(engine.runningCount))
        text.single(
            "hexa_kv_tokens_reserved", .gauge, "Tokens that running sequences have KV memory for.",
            UInt64(engine.reservedTokens))
        text.single(
            "hexa_kv_tokens_cached", .gauge, "Tokens whose keys and values are cached.",
            UInt64(engine.cachedTokens))
        text.describe("hexa_kv_pages", .gauge, "Pages of KV memory by use.")
        text.sample("hexa_kv_pages", labels: #"use="free""#, UInt64(engine.freePageCount))
        text.sample("hexa_kv_pages", labels: #"use="prefix""#, UInt64(engine.prefixPageCount))
        text.sample("hexa_kv_pages", labels: #"use="sequence""#, UInt64(engine.sequencePageCount))
        text.single(
            "hexa_prefix_hit_tokens_total", .counter, "Tokens that earlier sequences had left.",
            engine.prefixHitTokens)
        text.single("hexa_prompt_tokens_total", .counter, "Prompt tokens computed.", engine.promptTokens)
        text.single("hexa_generated_tokens_total", .counter, "Tokens generated.", engine.generatedTokens)
        text.single("hexa_draft_tokens_total", .counter, "Draft tokens.", engine.draftedTokens)
        text.single(
            "hexa_draft_tokens_accepted_total", .counter, "Draft tokens that were accepted.",
            engine.acceptedTokens)
        text.single("hexa_steps_total", .counter, "Steps (forward passes) completed.", engine.steps)
        text.single("hexa_passes_total", .counter, "Old name of hexa_steps_total.", engine.steps)
        text.single(
            "hexa_steps_abandoned_total", .counter, "Steps dropped because clients left.", engine.abandonedSteps)
        text.single(
            "hexa_passes_abandoned_total", .counter, "Old name of hexa_steps_abandoned_total.", engine.abandonedSteps)
        text.single(
            "hexa_generations_finished_total", .counter, "Sequences that came to their end.",
            engine.finishedGenerations)
        text.single(
            "hexa_generations_cancelled_total", .counter, "Sequences whose client left.",
            engine.cancelledGenerations)
        text.describe("hexa_generations_refused_total", .counter, "Sequences that were not taken in, by reason.")
        text.sample("hexa_generations_refused_total", labels: #"reason="queue_full""#, engine.refusedForQueue)
        text.sample("hexa_generations_refused_total", labels: #"reason="first_token""#, engine.refusedForFirstToken)
        text.single(
            "hexa_generations_preempted_total", .counter, "Sequences that gave up their slot.",
            engine.preemptedGenerations)
        text.single(
            "hexa_generations_displaced_total", .counter, "Old name of hexa_generations_preempted_total.",
            engine.preemptedGenerations)
        text.histogram("hexa_batch_sequences", "Sequences that took part in a step.", engine.batchSize)
        text.histogram(
            "hexa_time_to_first_token_seconds", "From arrival to the first token.",
            engine.timeToFirstToken)
        text.histogram(
            "hexa_time_between_tokens_seconds", "Between two tokens of a sequence.",
            engine.timeBetweenTokens)
        text.histogram("hexa_time_to_last_token_seconds", "From arrival to the last token.", engine.timeToLastToken)
    }

    private func describePlatform(_ text: inout PrometheusText) {
        if let count = platform.heapAllocations {
            text.single("hexa_heap_allocations_total", .counter, "Allocations from the heap.", count)
        }
        if let count = platform.laneStalls {
            text.single("hexa_lane_stalls_total", .counter, "Times that a core did not come when it was wanted.", count)
        }
        if let count = platform.laneWakes {
            text.single("hexa_lane_wakes_total", .counter, "Times that sleeping cores were woken.", count)
        }
    }
}
