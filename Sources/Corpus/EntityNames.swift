// Names of entities: which of a source's names mean the same as ours.

/// What labelled cases call the kinds of values that rules find.
///
/// Entities carry Presidio's names where it has one. Other sources have names of their own; those that mean the same are listed here. A name that is not listed
/// stands for itself. Whether a value leaks does not depend on names: whatever any rule masks is not leaked.
enum EntityNames {
    /// The name by which a source's entity is counted.
    static func canonical(_ name: String) -> String { same[name] ?? name }

    /// Whether a rule's entity is the one that a source means.
    ///
    /// A source that says only "the national id of this country" (`NATIONAL_ID_DE`) means every entity of the country (`DE_…`).
    static func isSame(_ entity: String, as name: String) -> Bool {
        let name = canonical(name)
        if name == canonical(entity) { return true }
        guard name.hasPrefix(nationalID) else { return false }
        let country = name.dropFirst(nationalID.count)
        return entity.hasPrefix((country == "GB" ? "UK" : country) + "_")
    }

    private static let nationalID = "NATIONAL_ID_"

    /// Sources: presidio_analyzer's supported entities; the names that alcatraz' validators and the secondary validators of Datadog's
    /// sds carry in their tests.
    private static let same: [String: String] = [
        "SSN": "US_SSN", "ITIN": "US_ITIN", "IBAN": "IBAN_CODE", "ABA": "ABA_ROUTING_NUMBER", "ABA_RTN": "ABA_ROUTING_NUMBER", "NINO": "UK_NINO",
        "UK_NINO_FORMAT_CHECK": "UK_NINO", "NHS": "UK_NHS", "US_DEA": "MEDICAL_LICENSE", "IT_VAT": "IT_VAT_CODE", "ITALIAN_NATIONAL_ID": "IT_FISCAL_CODE",
        "SPAIN_DNI": "ES_NIF", "FI_PERSONAL_CODE": "FI_PERSONAL_IDENTITY_CODE", "FINNISH_HETU": "FI_PERSONAL_IDENTITY_CODE", "BTC": "CRYPTO", "ETHEREUM": "CRYPTO",
        "SINGAPORE_NRIC": "SG_NRIC_FIN", "AUSTRALIAN_MEDICARE": "AU_MEDICARE", "AUSTRALIAN_TFN": "AU_TFN", "POLISH_NATIONAL_ID": "PL_PESEL",
        "SWEDEN_PIN": "SE_PERSONNUMMER", "COORDINATION_NUMBER": "SE_PERSONNUMMER", "BRAZILIAN_CNPJ": "BR_CNPJ", "GERMAN_SVNR": "DE_SOCIAL_SECURITY",
        "GERMAN_IDS": "DE_TAX_ID",
    ]
}
