import CIntrinsics

// Element-wise steps between matrix multiplications. Each is defined by its portable counterpart in module Tensor.

extension AVX2 {
    // SAFETY: callers pass the memory that the kernel's contract in `KernelTable` names.

    /// output = input / rms(input) * weight, for one row.
    @export(interface)
    public static func normalizeRow(
        _ input: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float, _ count: Int,
        _ output: UnsafeMutablePointer<Float>
    ) {
        let factor = 1 / (dot(input, input, count) / Float(count) + epsilon).squareRoot()
        let factors = _mm256_set1_ps(factor)
        var index = 0
        while index &+ 8 <= count {
            let scaled = _mm256_mul_ps(_mm256_loadu_ps(input + index), factors)
            _mm256_storeu_ps(output + index, _mm256_mul_ps(scaled, _mm256_loadu_ps(weight + index)))
            index &+= 8
        }
        while index < count {
            output[index] = input[index] * factor * weight[index]
            index &+= 1
        }
    }

    /// sum += addend
    @export(interface)
    public static func add(_ addend: UnsafePointer<Float>, _ sum: UnsafeMutablePointer<Float>, _ count: Int) {
        var index = 0
        while index &+ 8 <= count {
            let total = _mm256_add_ps(_mm256_loadu_ps(sum + index), _mm256_loadu_ps(addend + index))
            _mm256_storeu_ps(sum + index, total)
            index &+= 8
        }
        while index < count {
            sum[index] += addend[index]
            index &+= 1
        }
    }

    /// output = silu(gate) * up, where silu(x) = x / (1 + e^-x)
    @export(interface)
    public static func gate(
        _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        var index = 0
        while index < count {
            let lanes = firstLanes(count &- index)
            let x = _mm256_maskload_ps(gate + index, lanes)
            let negated = _mm256_sub_ps(_mm256_setzero_ps(), x)
            let silu = _mm256_div_ps(x, _mm256_add_ps(_mm256_set1_ps(1), exponential(negated)))
            _mm256_maskstore_ps(output + index, lanes, _mm256_mul_ps(silu, _mm256_maskload_ps(up + index, lanes)))
            index &+= 8
        }
    }

    /// Stores floats as binary16 numbers.
    @export(interface)
    public static func narrowToBinary16(
        _ floats: UnsafePointer<Float>, _ target: UnsafeMutablePointer<UInt16>, _ count: Int
    ) {
        var index = 0
        while index &+ 8 <= count {
            let halves = binary16_from_float(_mm256_loadu_ps(floats + index))
            _mm_storeu_si128(UnsafeMutableRawPointer(target + index).assumingMemoryBound(to: __m128i.self), halves)
            index &+= 8
        }
        while index < count {
            let half = binary16_from_float(_mm256_set1_ps(floats[index]))
            target[index] = UInt16(truncatingIfNeeded: _mm_cvtsi128_si32(half))
            index &+= 1
        }
    }
}
