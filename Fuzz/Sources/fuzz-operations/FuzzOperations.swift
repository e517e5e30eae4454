// What libFuzzer calls to test the reader that $FUZZ_READER names.

import Foundation
import OperationsFuzz

private let reader: CommandReader = {
    do { return try CommandReader(ProcessInfo.processInfo.environment["FUZZ_READER"] ?? "") } catch {
        FileHandle.standardError.write(Data("error: \(error)\nhint: FUZZ_READER=sql\n".utf8))
        exit(2)
    }
}()

/// For each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func runOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    do {
        try reader.check(UnsafeBufferPointer(start: data, count: size))
        return 0
    } catch {
        // libFuzzer writes the input to a file when the process is aborted.
        FileHandle.standardError.write(Data("\nbroken: \(error)\n".utf8))
        abort()
    }
}
