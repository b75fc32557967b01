"""Countries as QuickBooks gives them back: since October 2025 as ISO 3166 alpha-3 codes, however they were written.

A client that compares what it wrote ("United States") with what it reads ("USA") finds a difference for ever.
"""

_COUNTRIES = """
AF AFG Afghanistan
AL ALB Albania
DZ DZA Algeria
AD AND Andorra
AO AGO Angola
AR ARG Argentina
AM ARM Armenia
AU AUS Australia
AT AUT Austria
AZ AZE Azerbaijan
BS BHS Bahamas
BH BHR Bahrain
BD BGD Bangladesh
BB BRB Barbados
BY BLR Belarus
BE BEL Belgium
BZ BLZ Belize
BM BMU Bermuda
BO BOL Bolivia
BA BIH Bosnia and Herzegovina
BW BWA Botswana
BR BRA Brazil
BN BRN Brunei
BG BGR Bulgaria
KH KHM Cambodia
CM CMR Cameroon
CA CAN Canada
KY CYM Cayman Islands
CL CHL Chile
CN CHN China
CO COL Colombia
CR CRI Costa Rica
HR HRV Croatia
CU CUB Cuba
CY CYP Cyprus
CZ CZE Czech Republic
DK DNK Denmark
DO DOM Dominican Republic
EC ECU Ecuador
EG EGY Egypt
SV SLV El Salvador
EE EST Estonia
ET ETH Ethiopia
FJ FJI Fiji
FI FIN Finland
FR FRA France
GE GEO Georgia
DE DEU Germany
GH GHA Ghana
GR GRC Greece
GT GTM Guatemala
HT HTI Haiti
HN HND Honduras
HK HKG Hong Kong
HU HUN Hungary
IS ISL Iceland
IN IND India
ID IDN Indonesia
IR IRN Iran
IQ IRQ Iraq
IE IRL Ireland
IL ISR Israel
IT ITA Italy
CI CIV Ivory Coast
JM JAM Jamaica
JP JPN Japan
JO JOR Jordan
KZ KAZ Kazakhstan
KE KEN Kenya
KW KWT Kuwait
LV LVA Latvia
LB LBN Lebanon
LY LBY Libya
LI LIE Liechtenstein
LT LTU Lithuania
LU LUX Luxembourg
MO MAC Macao
MG MDG Madagascar
MW MWI Malawi
MY MYS Malaysia
MV MDV Maldives
ML MLI Mali
MT MLT Malta
MU MUS Mauritius
MX MEX Mexico
MD MDA Moldova
MC MCO Monaco
MN MNG Mongolia
ME MNE Montenegro
MA MAR Morocco
MZ MOZ Mozambique
MM MMR Myanmar
NA NAM Namibia
NP NPL Nepal
NL NLD Netherlands
NZ NZL New Zealand
NI NIC Nicaragua
NG NGA Nigeria
MK MKD North Macedonia
NO NOR Norway
OM OMN Oman
PK PAK Pakistan
PA PAN Panama
PG PNG Papua New Guinea
PY PRY Paraguay
PE PER Peru
PH PHL Philippines
PL POL Poland
PT PRT Portugal
PR PRI Puerto Rico
QA QAT Qatar
RO ROU Romania
RU RUS Russia
RW RWA Rwanda
WS WSM Samoa
SM SMR San Marino
SA SAU Saudi Arabia
SN SEN Senegal
RS SRB Serbia
SG SGP Singapore
SK SVK Slovakia
SI SVN Slovenia
ZA ZAF South Africa
KR KOR South Korea
ES ESP Spain
LK LKA Sri Lanka
SE SWE Sweden
CH CHE Switzerland
SY SYR Syria
TW TWN Taiwan
TZ TZA Tanzania
TH THA Thailand
TT TTO Trinidad and Tobago
TN TUN Tunisia
TR TUR Turkey
UG UGA Uganda
UA UKR Ukraine
AE ARE United Arab Emirates
GB GBR United Kingdom
US USA United States
UY URY Uruguay
UZ UZB Uzbekistan
VA VAT Vatican City
VE VEN Venezuela
VN VNM Vietnam
YE YEM Yemen
ZM ZMB Zambia
ZW ZWE Zimbabwe
"""

_OTHER_NAMES = {
    "united states of america": "USA",
    "u.s.a.": "USA",
    "u.s.": "USA",
    "great britain": "GBR",
    "england": "GBR",
    "scotland": "GBR",
    "wales": "GBR",
    "uk": "GBR",
    "czechia": "CZE",
    "deutschland": "DEU",
    "the netherlands": "NLD",
    "holland": "NLD",
    "türkiye": "TUR",
    "republic of korea": "KOR",
    "russian federation": "RUS",
    "viet nam": "VNM",
}


def _codes() -> dict[str, str]:
    codes = dict(_OTHER_NAMES)
    for line in _COUNTRIES.strip().splitlines():
        two, three, name = line.split(" ", 2)
        codes |= {two.casefold(): three, three.casefold(): three, name.casefold(): three}
    return codes


_CODES = _codes()


def alpha3(country: str) -> str:
    """The country's alpha-3 code; a text that names no known country stays as it is."""
    return _CODES.get(country.strip().casefold(), country)
