"""Which settings of linking make sense, and how they are stored."""

from integrations.domain.assets.settings import MOST_SERIALS, AssetLinkSettings, cleaned, problems_of


def pointers(**settings: list[str]) -> list[str]:
    return [it.pointer for it in problems_of(AssetLinkSettings(**settings))]


def test_serial_numbers_are_stored_as_they_are_compared() -> None:
    settings = AssetLinkSettings(link_by_name=True, junk_serials=[" ser-2", "ser-1"], good_serials=["S/N: abc 123"])

    assert problems_of(settings) == []
    assert cleaned(settings) == AssetLinkSettings(
        link_by_name=True, junk_serials=["SER-1", "SER-2"], good_serials=["ABC123"]
    )


def test_what_is_no_serial_number_is_refused() -> None:
    assert pointers(junk_serials=["SER-1", "", "To be filled by O.E.M."], good_serials=["0000"]) == [
        "/junk_serials/1",
        "/junk_serials/2",
        "/good_serials/0",
    ]


def test_a_serial_number_is_listed_once() -> None:
    assert pointers(good_serials=["SER-1", "ser-1"]) == ["/good_serials/1"]
    assert pointers(junk_serials=["SER-1"], good_serials=["ser-1"]) == ["/junk_serials/0"]


def test_lists_have_an_end() -> None:
    many = [f"SERIAL{number}" for number in range(MOST_SERIALS)]

    assert pointers(junk_serials=many) == []
    assert pointers(junk_serials=[*many, "ONE-MORE"]) == ["/junk_serials"]
