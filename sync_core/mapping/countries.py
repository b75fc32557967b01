"""Countries by ISO 3166-1 code and by the English names that people write into address forms.

QuickBooks keeps whatever somebody wrote as the country of an address, and shows three letters for what it knows.
"""

import unicodedata

from sync_core.mapping.cells import Unmappable

_TABLE = (
    "AF AFG Afghanistan; AX ALA Aland Islands; AL ALB Albania; DZ DZA Algeria; AS ASM American Samoa; AD AND "
    "Andorra; AO AGO Angola; AI AIA Anguilla; AQ ATA Antarctica; AG ATG Antigua and Barbuda; AR ARG Argentina; AM "
    "ARM Armenia; AW ABW Aruba; AU AUS Australia; AT AUT Austria; AZ AZE Azerbaijan; BS BHS Bahamas; BH BHR "
    "Bahrain; BD BGD Bangladesh; BB BRB Barbados; BY BLR Belarus; BE BEL Belgium; BZ BLZ Belize; BJ BEN Benin; BM "
    "BMU Bermuda; BT BTN Bhutan; BO BOL Bolivia; BQ BES Caribbean Netherlands; BA BIH Bosnia and Herzegovina; BW "
    "BWA Botswana; BV BVT Bouvet Island; BR BRA Brazil; IO IOT British Indian Ocean Territory; BN BRN Brunei; BG "
    "BGR Bulgaria; BF BFA Burkina Faso; BI BDI Burundi; CV CPV Cape Verde; KH KHM Cambodia; CM CMR Cameroon; CA "
    "CAN Canada; KY CYM Cayman Islands; CF CAF Central African Republic; TD TCD Chad; CL CHL Chile; CN CHN China; "
    "CX CXR Christmas Island; CC CCK Cocos Islands; CO COL Colombia; KM COM Comoros; CG COG Republic of the "
    "Congo; CD COD Democratic Republic of the Congo; CK COK Cook Islands; CR CRI Costa Rica; CI CIV Ivory Coast; "
    "HR HRV Croatia; CU CUB Cuba; CW CUW Curacao; CY CYP Cyprus; CZ CZE Czech Republic; DK DNK Denmark; DJ DJI "
    "Djibouti; DM DMA Dominica; DO DOM Dominican Republic; EC ECU Ecuador; EG EGY Egypt; SV SLV El Salvador; GQ "
    "GNQ Equatorial Guinea; ER ERI Eritrea; EE EST Estonia; SZ SWZ Eswatini; ET ETH Ethiopia; FK FLK Falkland "
    "Islands; FO FRO Faroe Islands; FJ FJI Fiji; FI FIN Finland; FR FRA France; GF GUF French Guiana; PF PYF "
    "French Polynesia; TF ATF French Southern Territories; GA GAB Gabon; GM GMB Gambia; GE GEO Georgia; DE DEU "
    "Germany; GH GHA Ghana; GI GIB Gibraltar; GR GRC Greece; GL GRL Greenland; GD GRD Grenada; GP GLP Guadeloupe; "
    "GU GUM Guam; GT GTM Guatemala; GG GGY Guernsey; GN GIN Guinea; GW GNB Guinea-Bissau; GY GUY Guyana; HT HTI "
    "Haiti; HM HMD Heard Island and McDonald Islands; VA VAT Vatican City; HN HND Honduras; HK HKG Hong Kong; HU "
    "HUN Hungary; IS ISL Iceland; IN IND India; ID IDN Indonesia; IR IRN Iran; IQ IRQ Iraq; IE IRL Ireland; IM "
    "IMN Isle of Man; IL ISR Israel; IT ITA Italy; JM JAM Jamaica; JP JPN Japan; JE JEY Jersey; JO JOR Jordan; KZ "
    "KAZ Kazakhstan; KE KEN Kenya; KI KIR Kiribati; KP PRK North Korea; KR KOR South Korea; KW KWT Kuwait; KG KGZ "
    "Kyrgyzstan; LA LAO Laos; LV LVA Latvia; LB LBN Lebanon; LS LSO Lesotho; LR LBR Liberia; LY LBY Libya; LI LIE "
    "Liechtenstein; LT LTU Lithuania; LU LUX Luxembourg; MO MAC Macao; MG MDG Madagascar; MW MWI Malawi; MY MYS "
    "Malaysia; MV MDV Maldives; ML MLI Mali; MT MLT Malta; MH MHL Marshall Islands; MQ MTQ Martinique; MR MRT "
    "Mauritania; MU MUS Mauritius; YT MYT Mayotte; MX MEX Mexico; FM FSM Micronesia; MD MDA Moldova; MC MCO "
    "Monaco; MN MNG Mongolia; ME MNE Montenegro; MS MSR Montserrat; MA MAR Morocco; MZ MOZ Mozambique; MM MMR "
    "Myanmar; NA NAM Namibia; NR NRU Nauru; NP NPL Nepal; NL NLD Netherlands; NC NCL New Caledonia; NZ NZL New "
    "Zealand; NI NIC Nicaragua; NE NER Niger; NG NGA Nigeria; NU NIU Niue; NF NFK Norfolk Island; MK MKD North "
    "Macedonia; MP MNP Northern Mariana Islands; NO NOR Norway; OM OMN Oman; PK PAK Pakistan; PW PLW Palau; PS "
    "PSE Palestine; PA PAN Panama; PG PNG Papua New Guinea; PY PRY Paraguay; PE PER Peru; PH PHL Philippines; PN "
    "PCN Pitcairn Islands; PL POL Poland; PT PRT Portugal; PR PRI Puerto Rico; QA QAT Qatar; RE REU Reunion; RO "
    "ROU Romania; RU RUS Russia; RW RWA Rwanda; BL BLM Saint Barthelemy; SH SHN Saint Helena; KN KNA Saint Kitts "
    "and Nevis; LC LCA Saint Lucia; MF MAF Saint Martin; PM SPM Saint Pierre and Miquelon; VC VCT Saint Vincent "
    "and the Grenadines; WS WSM Samoa; SM SMR San Marino; ST STP Sao Tome and Principe; SA SAU Saudi Arabia; SN "
    "SEN Senegal; RS SRB Serbia; SC SYC Seychelles; SL SLE Sierra Leone; SG SGP Singapore; SX SXM Sint Maarten; "
    "SK SVK Slovakia; SI SVN Slovenia; SB SLB Solomon Islands; SO SOM Somalia; ZA ZAF South Africa; GS SGS South "
    "Georgia and the South Sandwich Islands; SS SSD South Sudan; ES ESP Spain; LK LKA Sri Lanka; SD SDN Sudan; SR "
    "SUR Suriname; SJ SJM Svalbard and Jan Mayen; SE SWE Sweden; CH CHE Switzerland; SY SYR Syria; TW TWN Taiwan; "
    "TJ TJK Tajikistan; TZ TZA Tanzania; TH THA Thailand; TL TLS East Timor; TG TGO Togo; TK TKL Tokelau; TO TON "
    "Tonga; TT TTO Trinidad and Tobago; TN TUN Tunisia; TR TUR Turkey; TM TKM Turkmenistan; TC TCA Turks and "
    "Caicos Islands; TV TUV Tuvalu; UG UGA Uganda; UA UKR Ukraine; AE ARE United Arab Emirates; GB GBR United "
    "Kingdom; US USA United States; UM UMI United States Minor Outlying Islands; UY URY Uruguay; UZ UZB "
    "Uzbekistan; VU VUT Vanuatu; VE VEN Venezuela; VN VNM Vietnam; VG VGB British Virgin Islands; VI VIR United "
    "States Virgin Islands; WF WLF Wallis and Futuna; EH ESH Western Sahara; YE YEM Yemen; ZM ZMB Zambia; ZW ZWE "
    "Zimbabwe"
)
_ALSO = {
    "america": "US",
    "u s": "US",
    "u s a": "US",
    "united states of america": "US",
    "uk": "GB",
    "u k": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "holland": "NL",
    "the netherlands": "NL",
    "czechia": "CZ",
    "cote d ivoire": "CI",
    "cabo verde": "CV",
    "swaziland": "SZ",
    "burma": "MM",
    "macau": "MO",
    "macedonia": "MK",
    "korea": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "timor leste": "TL",
    "turkiye": "TR",
    "viet nam": "VN",
    "holy see": "VA",
    "congo": "CG",
    "deutschland": "DE",
    "osterreich": "AT",
    "schweiz": "CH",
    "espana": "ES",
    "uae": "AE",
}


def _folded(text: str) -> str:
    """Small letters without accents; one blank in place of everything that is neither letter nor digit."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in kept).split())


_ROWS = [row.split(" ", 2) for row in _TABLE.split("; ")]
_ALPHA3 = {alpha2: alpha3 for alpha2, alpha3, _ in _ROWS}
_ALPHA2 = _ALSO | {_folded(known): row[0] for row in _ROWS for known in row}


def to_alpha3(country: str) -> str:
    """The three letters of a country of two. Raises Unmappable when there is no such country."""
    found = _ALPHA3.get(country.upper())
    if found is None:
        raise Unmappable("must be an ISO 3166-1 alpha-2 code such as NO")
    return found


def to_alpha2(country: str) -> str | None:
    """The two letters of a country given by two letters, three letters or an English name; None for a blank text.

    Raises Unmappable when nobody would know which country is meant.
    """
    folded = _folded(country)
    if not folded:
        return None
    found = _ALPHA2.get(folded)
    if found is None:
        raise Unmappable("must be a country's ISO 3166-1 code or its English name")
    return found
