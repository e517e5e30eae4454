// Checks of the numbers of vehicles.

extension Check {
    static let vehicles: [Check] = [Check("vin", isVIN)]
}

/// Whether `value` is a vehicle identification number whose ninth character is its check digit, as North America and China demand.
///
/// Source: 49 CFR 565.15 (c); ISO 3779 (seventeen characters without I, O and Q).
private func isVIN(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let number = Identifier(value), number.count == 17, !number.isUniform else { return false }
    // A…Z; I, O and Q do not occur.
    let letters = [1, 2, 3, 4, 5, 6, 7, 8, -1, 1, 2, 3, 4, 5, -1, 7, -1, 9, 2, 3, 4, 5, 6, 7, 8, 9]
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    var sum = 0
    for index in 0..<17 {
        let value = number.isLetter(index) ? letters[number.value(index) - 10] : number.digit(index)
        if value < 0 { return false }
        sum += value * weights[index]
    }
    let check = sum % 11
    return number[8] == (check == 10 ? UInt8(ascii: "X") : UInt8(ascii: "0") + UInt8(check))
}
