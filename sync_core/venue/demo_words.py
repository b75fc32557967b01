"""The words of the demo data set: people and places in nine scripts and languages, venues, shows and merchandise.

Everything is made up: e-mail addresses are in example.com, phone numbers of the United States, the United Kingdom,
Germany and France come from the ranges that these countries keep free for fiction. In patterns, # is a digit.
"""

# ruff: noqa: RUF001 - signs that look alike are what this data is for

from dataclasses import dataclass

Name = tuple[str, str]  # as its bearer writes it, and in plain ASCII for an e-mail address


@dataclass(frozen=True, slots=True)
class Country:
    """Where people live and what they are called; `code` is ISO 3166-1 alpha-2."""

    code: str
    city: str
    region: str | None
    postcode: str
    phone: str
    streets: tuple[str, ...]
    given: tuple[Name, ...]
    family: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class House:
    """A venue of the demo. `shows` are its events with their category; `home` is a key of COUNTRIES."""

    slug: str
    name: str
    kind: str
    home: str
    currency: str
    timezone: str
    seats: int
    shows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Money:
    """How prices look in a currency: minor units per US dollar's worth, and the step that prices are rounded to."""

    per_dollar: float
    step: int


# The last digit of a price with three decimals is 0: Stripe takes no other (docs.stripe.com/currencies).
MONEY = {
    "USD": Money(100, 50),
    "EUR": Money(90, 50),
    "GBP": Money(80, 50),
    "JPY": Money(150, 100),
    "KWD": Money(310, 250),
    "ILS": Money(360, 100),
}

COUNTRIES: dict[str, Country] = {
    "GB": Country(
        "GB",
        "London",
        None,
        "SE1 #AB",
        "+442079460###",
        ("Lantern Street", "Old Dock Road", "St. Mary's Lane"),
        (("Aoife", "aoife"), ("Séamus", "seamus"), ("Zoë", "zoe"), ("William", "william"), ("Siân", "sian")),
        (("O'Brien", "obrien"), ("D’Arcy", "darcy"), ("Smith-Jones", "smith-jones"), ("MacLeòid", "macleoid")),
    ),
    "FR": Country(
        "FR",
        "Lyon",
        None,
        "6900#",
        "+3319900####",
        ("rue de la République", "place de l'Étoile", "allée des Érables"),
        (("Élodie", "elodie"), ("François", "francois"), ("Anaïs", "anais"), ("Jérôme", "jerome"), ("Chloé", "chloe")),
        (("Lefèvre", "lefevre"), ("d'Aubigné", "daubigne"), ("Hœrner", "hoerner"), ("Saint-Exupéry", "saint-exupery")),
    ),
    "JP": Country(
        "JP",
        "東京",
        "東京都",
        "150-00##",
        "+81352######",
        ("青空通り", "桜坂", "渋谷二丁目"),
        (("陽菜", "hina"), ("蓮", "ren"), ("さくら", "sakura"), ("大翔", "hiroto"), ("ケンジ", "kenji")),
        (("佐藤", "sato"), ("鈴木", "suzuki"), ("髙橋", "takahashi"), ("渡邊", "watanabe"), ("𠮷田", "yoshida")),
    ),
    "KW": Country(
        "KW",
        "مدينة الكويت",
        "العاصمة",
        "1500#",
        "+9652245####",
        ("شارع الخليج العربي", "شارع اللؤلؤة", "شارع السالمية"),
        (("فاطمة", "fatima"), ("محمد", "mohammed"), ("نورة", "noura"), ("يوسف", "yousef"), ("عبد الله", "abdullah")),
        (("الصباح", "alsabah"), ("العنزي", "alenezi"), ("المطيري", "almutairi"), ("الرشيد", "alrashid")),
    ),
    "US": Country(
        "US",
        "New York",
        "NY",
        "100##",
        "+121255501##",
        ("West 44th Street", "Avenue of the Americas", "Martin Luther King Jr. Blvd"),
        (("Renée", "renee"), ("José", "jose"), ("Ashley", "ashley"), ("Sunny ☀️", "sunny"), ("LaToya", "latoya")),
        (("O'Hara", "ohara"), ("Nuñez", "nunez"), ("Washington", "washington"), ("Nguyễn", "nguyen")),
    ),
    "GR": Country(
        "GR",
        "Αθήνα",
        "Αττική",
        "105 ##",
        "+302109####0#",
        ("Οδός Αιόλου", "Λεωφόρος Συγγρού", "Πλατεία Αγίων Θεοδώρων"),
        (("Ελένη", "eleni"), ("Γιώργος", "giorgos"), ("Αθηνά", "athina"), ("Οδυσσέας", "odysseas")),
        (("Παπαδόπουλος", "papadopoulos"), ("Αγγελίδης", "angelidis"), ("Χατζηγεωργίου", "chatzigeorgiou")),
    ),
    "BG": Country(
        "BG",
        "София",
        "София-град",
        "10##",
        "+35929######",
        ("бул. Витоша", "ул. Шипка", "пл. Славейков"),
        (("Йоана", "yoana"), ("Георги", "georgi"), ("Цветелина", "tsvetelina"), ("Любомир", "lyubomir")),
        (("Иванов", "ivanov"), ("Жечева", "zhecheva"), ("Хаджийски", "hadzhiyski"), ("Щерев", "shterev")),
    ),
    "IL": Country(
        "IL",
        "תל אביב",
        None,
        "61000##",
        "+97235######",
        ("רחוב דיזנגוף", "שדרות רוטשילד", "רחוב אלנבי"),
        (("נועה", "noa"), ("דוד", "david"), ("תמר", "tamar"), ("איתי", "itai")),
        (("כהן", "cohen"), ("לוי", "levi"), ("בן־דוד", "ben-david"), ("מזרחי", "mizrahi")),
    ),
    "DE": Country(
        "DE",
        "Köln",
        "Nordrhein-Westfalen",
        "506##",
        "+4930231254##",
        ("Große Straße", "Königsallee", "Am Mühlenbach"),
        (("Jürgen", "juergen"), ("Käthe", "kaethe"), ("Björn", "bjoern"), ("Anneliese", "anneliese")),
        (
            ("Müller", "mueller"),
            ("Weiß", "weiss"),
            ("von der Größe", "von-der-groesse"),
            ("Łukasiewicz", "lukasiewicz"),
        ),
    ),
}

HOUSES: tuple[House, ...] = (
    House(
        "lantern-hall",
        "The Old Lantern Hall",
        "theatre",
        "GB",
        "GBP",
        "Europe/London",
        420,
        (
            ("The Winter’s Tale", "Plays"),
            ("She Stoops to Conquer", "Plays"),
            ("Twelfth Night: A Very Long Evening of Errors, Songs, Shipwrecks and Yellow Stockings", "Plays"),
            ("Panto! 🎭 Jack & the Beanstalk", "Family"),
        ),
    ),
    House(
        "theatre-de-letoile",
        "Théâtre de l’Étoile",
        "theatre",
        "FR",
        "EUR",
        "Europe/Paris",
        310,
        (
            ("Le Malade imaginaire", "Théâtre"),
            ("Soirée d’été à la française", "Concerts"),
            ("Œdipe roi", "Théâtre"),
            ("Noël au théâtre 🎄", "Jeune public"),
        ),
    ),
    House(
        "aozora-hall",
        "青空ホール",
        "concert",
        "JP",
        "JPY",
        "Asia/Tokyo",
        1200,
        (
            ("第九交響曲「歓喜の歌」", "クラシック"),
            ("夏祭りジャズナイト🎷", "ジャズ"),
            ("落語会 ～秋の夜長～", "演芸"),
            ("ゲーム音楽オーケストラ 2026", "クラシック"),
        ),
    ),
    House(
        "lulua-theatre",
        "مسرح اللؤلؤة",
        "theatre",
        "KW",
        "KWD",
        "Asia/Kuwait",
        650,
        (
            ("ليلة الطرب الأصيل", "حفلات"),
            ("مسرحية السندباد", "مسرح"),
            ("أمسية شعرية: نزار قباني", "أدب"),
            ("حكايات جدتي للأطفال 🧸", "عائلة"),
        ),
    ),
    House(
        "obriens-music-hall",
        "O’Brien’s Music Hall",
        "concert",
        "US",
        "USD",
        "America/New_York",
        900,
        (
            ("Rock ’n’ Roll Revival 🎸", "Pop"),
            ('An Evening with "The Quotation Marks"', "Comedy"),
            ("Noche de Boleros — José Nuñez y su orquesta", "Latin"),
            ("Brooklyn <Klezmer> & Co. / ניגון", "Folk"),
        ),
    ),
    House(
        "theatro-aigaio",
        "Θέατρο Αιγαίο",
        "theatre",
        "GR",
        "EUR",
        "Europe/Athens",
        540,
        (
            ("Αντιγόνη", "Τραγωδία"),
            ("Λυσιστράτη", "Κωμωδία"),
            ("Βραδιά ρεμπέτικου", "Συναυλία"),
            ("Вечер на народната песен", "Фолклор"),
        ),
    ),
    House(
        "vitosha-arena",
        "Арена Витоша",
        "sports",
        "BG",
        "EUR",
        "Europe/Sofia",
        3500,
        (
            ("Левски – ЦСКА: вечното дерби", "Футбол"),
            ("Волейбол: финали", "Волейбол"),
            ("Концерт под звездите", "Концерти"),
        ),
    ),
    House(
        "habima-katan",
        "הבימה הקטנה",
        "theatre",
        "IL",
        "ILS",
        "Asia/Jerusalem",
        260,
        (
            ("הדיבוק", "תיאטרון"),
            ("ערב שירי ארץ ישראל", "מוזיקה"),
            ("סיפורי סבתא לילדים 🧚", "משפחה"),
        ),
    ),
)

# Name and price in dollars. What is free is handed out with a ticket and never sold alone.
MERCHANDISE: tuple[tuple[str, float], ...] = (
    ("Season programme", 8),
    ("T-shirt 👕 “Encore!”", 25),
    ("Mug, 330 ml – naïve café design", 12.5),
    ("手ぬぐい（限定版）", 15),
    ("Poster A2 / Αφίσα / плакат / ملصق", 18),
    ("Free cloakroom tag", 0),
)

LONG_TEXT = (
    "A full evening in three acts with two intervals, for everyone from eight to eighty. "
    "Doors open one hour before the start; latecomers are seated in the first suitable break. "
    "Überraschungsgäste, des invités surprise, スペシャルゲスト, ضيوف مفاجأة, гости-сюрпризы, אורחים בהפתעה 🎉. "
)

NOTES = (
    None,
    None,
    "Wheelchair space, please; aisle on the left.",
    "Préfère être contactée par e-mail – merci !",
    "アレルギー：ナッツ 🥜",
    "Friend of the house since 1998; sends a card every Christmas, and always asks for the seats A1 and A2.",
)
