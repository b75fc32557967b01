import pytest

from sync_core.mapping.cells import Unmappable
from sync_core.mapping.countries import to_alpha2, to_alpha3
from sync_core.mapping.transforms import Transform, transform


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("USA", "US"),
        ("us", "US"),
        ("U.S.A.", "US"),
        (" United  States ", "US"),
        ("UK", "GB"),
        ("gbr", "GB"),
        ("Côte d'Ivoire", "CI"),
        ("Österreich", "AT"),
        ("Türkiye", "TR"),
        ("Guinea-Bissau", "GW"),
        ("NO", "NO"),
    ],
)
def test_a_country_is_known_by_its_codes_and_its_english_name(written: str, meant: str) -> None:
    assert to_alpha2(written) == meant


def test_every_country_comes_back_as_it_went() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    known = []
    for code in (one + other for one in letters for other in letters):
        try:
            known.append((code, to_alpha3(code)))
        except Unmappable:
            continue
    assert len(known) == len({three for _, three in known}) == 249
    assert [to_alpha2(three) for _, three in known] == [two for two, _ in known]


def test_a_country_that_nobody_knows_is_said_and_a_blank_one_is_none() -> None:
    with pytest.raises(Unmappable, match="English name"):
        to_alpha2("Ruritania")
    with pytest.raises(Unmappable, match="alpha-2"):
        to_alpha3("XX")
    step = transform("country_iso3")
    assert isinstance(step, Transform)
    assert (step.out("no"), step.back("Norway"), step.back(" ")) == ("NOR", "NO", None)
