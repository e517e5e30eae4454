// Names of entities: which of a source's names mean the same as ours.

/// What labelled cases call the kinds of values that rules find.
///
/// Entities carry Presidio's names where it has one. Other sources have names of their own; those that mean the same are listed here. A name that is not listed
/// stands for itself. Whether a value leaks does not depend on names: whatever any rule masks is not leaked.
enum EntityNames {
    /// The name by which a source's entity is counted.
    static func canonical(_ name: String) -> String { same[name]?.first ?? name }

    /// Whether a rule's entity is one that a source means.
    ///
    /// A source that says only "the national id of this country" (`NATIONAL_ID_DE`) means every entity of the country (`DE_…`).
    static func isSame(_ entity: String, as name: String) -> Bool {
        let entity = canonical(entity)
        if canonical(name) == entity || same[name]?.contains(entity) == true { return true }
        guard name.hasPrefix(nationalID) else { return false }
        let country = name.dropFirst(nationalID.count)
        return entity.hasPrefix((country == "GB" ? "UK" : country) + "_")
    }

    private static let nationalID = "NATIONAL_ID_"

    /// A source's name and what the corpus calls it; several where the source has one name for several of ours.
    ///
    /// Sources: presidio_analyzer's supported entities; the names that alcatraz' validators and the secondary validators of Datadog's sds carry in their tests.
    private static let same: [String: [String]] = [
        "ABA": ["ABA_ROUTING_NUMBER"], "ABA_RTN": ["ABA_ROUTING_NUMBER"], "AUSTRALIAN_MEDICARE": ["AU_MEDICARE"], "AUSTRALIAN_TFN": ["AU_TFN"],
        "AUSTRIAN_SSN": ["AT_SVNR"], "BELGIUM_NATIONAL_REGISTER": ["BE_NATIONAL_NUMBER"], "BRAZILIAN_CNPJ": ["BR_CNPJ"], "BTC": ["CRYPTO"],
        "BULGARIAN_EGN": ["BG_EGN"], "CHINESE_ID": ["CN_ID"], "COORDINATION_NUMBER": ["SE_PERSONNUMMER"], "CZECH_TIN": ["CZ_ICO", "CZ_BIRTH_NUMBER"],
        "DUTCH_BSN": ["NL_BSN"], "ESTONIA_PERSONAL_CODE": ["EE_LT_PERSONAL_CODE"], "ETHEREUM": ["CRYPTO"],
        "FINNISH_HETU": ["FI_PERSONAL_IDENTITY_CODE"], "FI_PERSONAL_CODE": ["FI_PERSONAL_IDENTITY_CODE"], "FRANCE_NIF": ["FR_SPI"],
        "GERMAN_IDS": ["DE_ID_CARD", "DE_PASSPORT"], "GERMAN_SVNR": ["DE_SOCIAL_SECURITY"], "GREECE_AMKA": ["GR_AMKA"], "GREECE_TIN": ["GR_AFM"],
        "HUNGARIAN_TIN": ["HU_TAX_ID"], "IBAN": ["IBAN_CODE"], "ITALIAN_NATIONAL_ID": ["IT_FISCAL_CODE"], "ITIN": ["US_ITIN"], "IT_VAT": ["IT_VAT_CODE"],
        "LITHUANIAN_PERSONAL_IDENTIFICATION_NUMBER": ["EE_LT_PERSONAL_CODE"], "LUXEMBOURG_INDIVIDUAL_NIN": ["LU_NIN"],
        "NHS": ["UK_NHS"], "NINO": ["UK_NINO"], "NIR": ["FR_NIR"], "POLISH_NATIONAL_ID": ["PL_PESEL"], "POLISH_NIP": ["PL_NIP"], "PORTUGUESE_TAX_ID": ["PT_NIF"],
        "ROMANIAN_PERSONAL_NUMERIC_CODE": ["RO_CNP"], "SINGAPORE_NRIC": ["SG_NRIC_FIN"], "SLOVENIAN_PIN": ["SI_EMSO"], "SLOVENIA_TIN": ["SI_TAX_ID"],
        "SPAIN_DNI": ["ES_NIF"], "SPANISH_NUSS": ["ES_NUSS"], "SSN": ["US_SSN"], "SWEDEN_PIN": ["SE_PERSONNUMMER"], "UK_NINO_FORMAT_CHECK": ["UK_NINO"],
        "UK_TRN": ["UK_UTR"], "US_DEA": ["MEDICAL_LICENSE"],
    ]
}
