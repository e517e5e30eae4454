// What libFuzzer calls.

import EngineFuzz
import Foundation

/// Before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ argumentCount: UnsafeMutablePointer<CInt>?, _ arguments: UnsafeMutableRawPointer?) -> Int32 {
    do { try compileRules() } catch {
        FileHandle.standardError.write(Data("error: \(error)\n".utf8))
        exit(2)
    }
    return 0
}

/// For each input.
///
/// - Returns: 0; -1 for an input that libFuzzer need not keep.
@_cdecl("LLVMFuzzerTestOneInput")
public func runOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    guard let input = FuzzCase(UnsafeRawBufferPointer(start: data, count: size)) else { return -1 }
    do {
        try input.check()
        return 0
    } catch {
        // libFuzzer writes the input to a file when the process is aborted.
        FileHandle.standardError.write(Data("\nbroken: \(error)\n\(input.summary)\n".utf8))
        abort()
    }
}
