"""Texts that people really enter, and that encodings, lengths and checks trip over."""

SHORT_TEXTS: tuple[str, ...] = (
    'O\'Brien "the" \\ Great',
    "a&b=c+d%20e",
    "[0][price]",
    "{curly} <b>&amp;</b>",
    "two\nlines\tand a tab",
    "  around  ",
    "",
    "null",
    "true",
    "0042",
    "-1.5e3",
    "李 王 さくら",
    "مرحبا بالعالم",
    "Zoë Å̊ngström",
    "👩‍👩‍👧‍👦🎭",
    "\U0001d573\U0001d58a\U0001d591\U0001d591\U0001d594",
    "a\u200bb\u00a0c",
)
ODD_TEXTS: tuple[str, ...] = (
    *SHORT_TEXTS,
    "Ж" * 100,
    "n" * 120,
    "long " * 60,
    "n" * 300,
    "n" * 320,
)
