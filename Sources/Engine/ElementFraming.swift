// The elements of one JSON array, as Google's APIs stream an answer without `alt=sse`: where each ends, in any cut.
//
// Source: Google "HTTP and gRPC transcoding" (a server's stream is an array in JSON); RFC 8259 §5.

/// Finds the ends of the elements of an array. What stands between two belongs to the second; what stands behind the array is one element more.
struct ElementFraming {
    private enum Place {
        /// Before the array, or before an element and what stands in front of it.
        case between
        /// In a string, number or literal that is an element.
        case scalar
        /// In an array or object that is an element.
        case container
        /// Behind the array.
        case behind
    }
    private var place = Place.between
    /// Brackets that are open.
    private var depth = 0
    private var hasArray = false
    private var isInString = false
    private var isEscaped = false

    /// The offset behind the first element that ends in `bytes`, at or after `start`; nil if none does.
    ///
    /// Must be given every byte once, in order. An array or object ends behind its bracket, so that it can leave at once; any other element before what follows it.
    mutating func endOfElement(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            if isInString {
                guard endString(in: bytes, &index) else { return nil }
                continue
            }
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                if place == .between { place = .scalar }
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if place == .between, depth == 0, !hasArray, byte == UInt8(ascii: "[") {
                    hasArray = true
                } else if place == .between || place == .container {
                    place = .container
                    depth += 1
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if place == .container {
                    depth -= 1
                    if depth == 0 {
                        place = .between
                        return index + 1
                    }
                } else if place == .scalar, hasArray {
                    place = .between
                    return index
                } else if place == .between {
                    place = .behind
                }
            case UInt8(ascii: ","):
                if place == .scalar, hasArray {
                    place = .between
                    return index
                }
            case 0x20, 0x09, 0x0A, 0x0D: break
            // A byte-order mark.
            case 0xEF where !hasArray, 0xBB where !hasArray, 0xBF where !hasArray: break
            default: if place == .between { place = .scalar }
            }
            index += 1
        }
        return nil
    }

    /// Goes on behind the string under way.
    private mutating func endString(in bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Bool {
        if isEscaped {
            isEscaped = false
            index += 1
        }
        while index < bytes.count {
            index = bytes.first(UInt8(ascii: "\""), or: UInt8(ascii: "\\"), from: index)
            if index >= bytes.count { return false }
            isInString = bytes[index] != UInt8(ascii: "\"")
            index += 1
            if !isInString { return true }
            isEscaped = index >= bytes.count
            index += 1
        }
        return false
    }

    /// Where the element begins in an event that ``endOfElement(in:from:)`` has cut off: behind white space, a comma and the array's own bracket.
    static func startOfElement(in event: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> Int {
        var index = isFirst && event.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        func skipSpace() { while index < event.count, [0x20, 0x09, 0x0A, 0x0D].contains(event[index]) { index += 1 } }
        skipSpace()
        guard index < event.count, [UInt8(ascii: ","), UInt8(ascii: "]"), isFirst ? UInt8(ascii: "[") : UInt8(ascii: ",")].contains(event[index]) else { return index }
        index += 1
        skipSpace()
        return index
    }
}
