// The next one of two bytes, eight bytes at a time.

extension UnsafeBufferPointer<UInt8> {
    /// The offset of the first `one` or `other` at or after `start`, or `count`.
    @inline(__always)
    func first(_ one: UInt8, or other: UInt8, from start: Int) -> Int {
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while index + 8 <= count {
            let word = UnsafeRawPointer(baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: UInt64.self)
            let first = word ^ (ones &* UInt64(one))
            let second = word ^ (ones &* UInt64(other))
            // The lowest bit found is exact, whatever borrows do above it (little-endian).
            let found = ((first &- ones) & ~first | (second &- ones) & ~second) & highs
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count, self[index] != one, self[index] != other { index += 1 }
        return index
    }
}
